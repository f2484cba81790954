"""Who may reach the server is said out loud."""

import pytest

from temporal_colorize.apps.server import ServerOptions, is_local
from temporal_colorize.apps.server.options import neighbourhood


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.9.9.9", "::ffff:127.0.0.1"])
def test_localhost_needs_nothing(host: str) -> None:
    assert is_local(host) and ServerOptions(host=host).allowed_cameras is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", "localhost.example.org", ""])
def test_elsewhere_somebody_must_say_so(host: str) -> None:
    with pytest.raises(ValueError, match=r"can be reached by other machines: give password=\.\.\., or insecure=true"):
        ServerOptions(host=host)
    assert ServerOptions(host=host, insecure=True).allowed_cameras == {}
    assert not ServerOptions(host=host, password="long enough").is_local


def test_cameras_have_names_and_secrets_stay_out_of_sight() -> None:
    options = ServerOptions(cameras=["Door=rtsp://me:word@door/1?a=b", "rtsp://me:word@10.0.0.7/Streaming/1"])
    assert options.allowed_cameras == {
        "Door": "rtsp://me:word@door/1?a=b", "2: 10.0.0.7": "rtsp://me:word@10.0.0.7/Streaming/1",
    }  # fmt: skip
    assert "word" not in repr(options) and "long enough" not in repr(ServerOptions(password="long enough"))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"port": 70000}, "port=70000"), ({"port": "x"}, "port=x"), ({"password": "short"}, "password is shorter"),
        ({"insecure": "yes"}, "insecure=yes"), ({"cameras": ["/etc/passwd"]}, "video=/etc/passwd"),
        ({"cameras": ["file:///etc/passwd"]}, "unknown kind"),
    ],
)  # fmt: skip
def test_wrong_values(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        ServerOptions(**wrong)
    assert "short" not in str(caught.value).replace("shorter", "")


def test_addresses_of_one_customer_are_one() -> None:
    assert neighbourhood("2001:db8::1") == neighbourhood("2001:db8::ffff:2") != neighbourhood("2001:db8:0:1::1")
    assert neighbourhood("::ffff:10.0.0.7") == neighbourhood("10.0.0.7") != neighbourhood("::ffff:10.0.0.8")
    assert neighbourhood("testclient") == "testclient"
