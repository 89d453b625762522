# esd.m4: finds libesd for configure scripts.                     -*- m4 -*-

# AM_PATH_ESD([MINIMUM-VERSION [, IF-FOUND [, IF-NOT-FOUND]]])
# ------------------------------------------------------------
# Sets ESD_CFLAGS and ESD_LIBS by esd-config, which ESD_CONFIG may name.
AC_DEFUN([AM_PATH_ESD],
[AC_ARG_WITH([esd-prefix],
    [AS_HELP_STRING([--with-esd-prefix=DIR], [where libesd is installed])],
    [esd_prefix=$withval], [esd_prefix=])
AC_ARG_WITH([esd-exec-prefix],
    [AS_HELP_STRING([--with-esd-exec-prefix=DIR],
        [where libesd's programs are installed])],
    [esd_exec_prefix=$withval], [esd_exec_prefix=])
AC_ARG_ENABLE([esdtest],
    [AS_HELP_STRING([--disable-esdtest],
        [do not compile and run a test program with libesd])],
    [], [enable_esdtest=yes])

esd_config_args=
AS_IF([test -n "$esd_prefix"], [
    esd_config_args="--prefix=$esd_prefix"
    : ${ESD_CONFIG=$esd_prefix/bin/esd-config}
])
AS_IF([test -n "$esd_exec_prefix"], [
    esd_config_args="$esd_config_args --exec-prefix=$esd_exec_prefix"
    ESD_CONFIG=${ESD_CONFIG-$esd_exec_prefix/bin/esd-config}
])
AC_PATH_PROG([ESD_CONFIG], [esd-config], [no])

esd_wanted=m4_if([$1], [], [0.2.7], [$1])
AC_MSG_CHECKING([for ESD - version >= $esd_wanted])
esd_problem=
AS_IF([test "$ESD_CONFIG" = no],
    [esd_problem="there is no esd-config; set ESD_CONFIG to its full path"],
    [ESD_CFLAGS=`$ESD_CONFIG $esd_config_args --cflags`
    ESD_LIBS=`$ESD_CONFIG $esd_config_args --libs`
    esd_found=`$ESD_CONFIG --version`
    AS_VERSION_COMPARE([$esd_found], [$esd_wanted],
        [esd_problem="esd-config says that this is version $esd_found"])])
AS_IF([test -z "$esd_problem" && test "x$enable_esdtest" = xyes], [
    esd_saved_CFLAGS=$CFLAGS
    esd_saved_LIBS=$LIBS
    CFLAGS="$CFLAGS $ESD_CFLAGS"
    LIBS="$ESD_LIBS $LIBS"
    AC_RUN_IFELSE([AC_LANG_PROGRAM([[#include <esd.h>]],
        [[return esd_get_socket_name() == 0;]])],
        [],
        [esd_problem="a program with libesd does not compile or run"],
        [AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <esd.h>]],
            [[return esd_get_socket_name() == 0;]])],
            [], [esd_problem="a program with libesd does not link"])])
    CFLAGS=$esd_saved_CFLAGS
    LIBS=$esd_saved_LIBS
])
AS_IF([test -z "$esd_problem"],
    [AC_MSG_RESULT([yes])
    m4_if([$2], [], [:], [$2])],
    [AC_MSG_RESULT([no])
    AC_MSG_NOTICE([$esd_problem])
    ESD_CFLAGS=
    ESD_LIBS=
    m4_if([$3], [], [:], [$3])])
AC_SUBST([ESD_CFLAGS])
AC_SUBST([ESD_LIBS])
])

# AM_ESD_SUPPORTS_MULTIPLE_RECORD([IF-SO [, IF-NOT]])
# ---------------------------------------------------
# Whether several recorders may be open at once: from 0.2.21 on.  Without
# arguments: an Automake conditional and a define of the macro's own name.
AC_DEFUN([AM_ESD_SUPPORTS_MULTIPLE_RECORD],
[AC_MSG_NOTICE([whether ESD supports several recorders at once])
m4_if([$1$2], [],
    [AM_PATH_ESD([0.2.21],
        [AC_DEFINE([ESD_SUPPORTS_MULTIPLE_RECORD], [1],
            [Define if several recorders may be open at once.])
        esd_multiple_record=yes],
        [esd_multiple_record=no])
    AM_CONDITIONAL([ESD_SUPPORTS_MULTIPLE_RECORD],
        [test "$esd_multiple_record" = yes])],
    [AM_PATH_ESD([0.2.21], [$1], [$2])])
])
