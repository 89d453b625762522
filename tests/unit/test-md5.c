/* Against RFC 1321 and what aRts clients of either word size sent. */
#include <criterion/criterion.h>
#include <string.h>

#include "server/md5.h"

static void
cr_md5(const char *text, bool wide, const char *expected)
{
	char hex[MD5_HEX];

	md5_print(text, strlen(text), wide, hex);
	cr_assert_str_eq(hex, expected);
}

Test(md5, rfc_1321)
{
	cr_md5("", false, "d41d8cd98f00b204e9800998ecf8427e");
	cr_md5("abc", false, "900150983cd24fb0d6963f7d28e17f72");
	cr_md5("message digest", false, "f96b697d7cb7938d525a2f31aaf161d0");
	cr_md5("12345678901234567890123456789012345678901234567890123456789012"
	       "345678901234567890",
	    false, "57edf4a22be3c955ac49da2e2107b67a");
}

/* Where the padding just fits, and just does not. */
Test(md5, lengths)
{
	char text[MD5_TEXT_MAX + 1];

	memset(text, 'a', sizeof(text));
	text[55] = '\0';
	cr_md5(text, false, "ef1772b6dff9a122358552954ad0df65");
	text[55] = 'a';
	text[56] = '\0';
	cr_md5(text, false, "3b0c8ac703f828b04c6c197006d17218");
	text[56] = 'a';
	text[MD5_TEXT_MAX] = '\0';
	cr_md5(text, false, "8a7bd0732ed6a28ce75f6dabc90e1613");
}

Test(md5, both_words)
{
	static const char text[] = "53ae669d1115e1eb517b99f029804c63"
				   "a517e97dbba4f02eed593b6ec02a6d17";

	cr_md5(text, false, "f71e4b83c9b045ffd4a55819a544e4bb");
	cr_md5(text, true, "b4d2622ff5fcd0de868356a150cedfec");
}
