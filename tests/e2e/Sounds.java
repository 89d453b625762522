/* Plays a stream and a cached sample with libesd-java, over TCP. */
import com.jcraft.jesd.JEsd;
import java.nio.file.Files;
import java.nio.file.Paths;

public class Sounds {
	static final int FORMAT = JEsd.ESD_BITS16 | JEsd.ESD_STEREO;

	static void send(JEsd esd, byte[] sound) throws Exception {
		if (esd.write(sound, 0, sound.length) < 0) {
			throw new Exception("write failed");
		}
	}

	/* Sounds FILE stream|sample */
	public static void main(String[] words) throws Exception {
		byte[] sound = Files.readAllBytes(Paths.get(words[0]));

		if (words[1].equals("stream")) {
			JEsd esd = JEsd.play_stream(
			    FORMAT | JEsd.ESD_STREAM | JEsd.ESD_PLAY,
			    44100, "127.0.0.1", "java stream");
			send(esd, sound);
			System.out.println("sent");
			System.in.read();
			esd.close();
			return;
		}
		JEsd esd = new JEsd("127.0.0.1");
		int id = esd.sample_cache(FORMAT | JEsd.ESD_SAMPLE, 44100,
		    sound.length, "java sample");
		send(esd, sound);
		System.out.println(id + " " + esd.confirm_sample_cache() + " " +
		    esd.sample_getid("java sample") + " " +
		    esd.sample_play(id));
		System.in.read();
		System.out.println(esd.sample_free(id));
		esd.close();
	}
}
