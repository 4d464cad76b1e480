"""What a signature costs when the key is in a token (SoftHSM2, PKCS#11), beside the same key in a file."""

import subprocess

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
COUNT = 200


def measure(table, home, core):
    """core(settings, environment, ...) runs the program tests/bench/core; the folder goes with the instance's."""
    folder = home / "token"
    (folder / "tokens").mkdir(parents=True)
    (folder / "softhsm2.conf").write_text("directories.tokendir = %s\nlog.level = ERROR\n" % (folder / "tokens"))
    (folder / "pin").write_text("123456\n")
    (folder / "xca.conf").write_text("pkcs11-module-file = %s\npkcs11-pin-file = pin\n" % MODULE)
    environment = {"SOFTHSM2_CONF": str(folder / "softhsm2.conf")}

    def run(*command):
        subprocess.run(command, check=True, capture_output=True, env=dict(environment, PATH="/usr/bin:/bin"))

    run("softhsm2-util", "--init-token", "--free", "--label", "bench", "--so-pin", "12345678", "--pin", "123456")
    for number, (name, option) in enumerate((("RSA-4096", ("RSA", "rsa_keygen_bits:4096")), ("P-384", ("EC", "ec_paramgen_curve:P-384")))):
        key = folder / (name + ".key")
        run("openssl", "genpkey", "-algorithm", option[0], "-pkeyopt", option[1], "-out", str(key))
        run("softhsm2-util", "--import", str(key), "--token", "bench", "--label", name, "--id", "0%d" % number, "--pin", "123456")
        in_file = core(folder / "xca.conf", environment, "sign", COUNT, key)
        in_token = core(folder / "xca.conf", environment, "sign", COUNT, "pkcs11:token=bench;object=" + name)
        table.row("signature by a key in a token, " + name, in_token, "the same key in a file", in_file)
