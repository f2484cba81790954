"""Content Credentials, read back by c2pa's own reader."""

import datetime
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from temporal_colorize.provenance.record import usual_path
from temporal_colorize.provenance.signing import Signing, SigningError, read_manifest
from tests.provenance.conftest import Colorize, checks, verdicts
from tests.support.videos import lumas_of, write_video

pytest.importorskip("c2pa")

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.datetime.now(datetime.UTC)
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
KINDS: dict[str, tuple[Callable[[], object], object]] = {
    "Es256": (lambda: ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()),
    "Ed25519": (ed25519.Ed25519PrivateKey.generate, None),
    "Ps256": (lambda: rsa.generate_private_key(65537, 2048), hashes.SHA256()),
}


def write_chain(
    folder: Path, kind: str = "Es256", *, until: datetime.datetime = NOW + datetime.timedelta(days=30)
) -> tuple[Path, Path]:
    """Write a signer's certificate with the authority's that we make up, and its key."""
    make, digest = KINDS[kind]
    root, key = make(), make()
    authority = certificate("Root", root, "Root", root, digest, until, is_authority=True)
    signer = certificate("Signer", key, "Root", root, digest, until, is_authority=False)
    chain, secret = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(b"".join(one.public_bytes(serialization.Encoding.PEM) for one in (signer, authority)))
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(*pem))
    return chain, secret


def certificate(
    name: str,
    key: object,
    issuer: str,
    signed_by: object,
    digest: object,
    until: datetime.datetime,
    *,
    is_authority: bool,
) -> x509.Certificate:
    """Make one as C2PA wants it: a signer is no authority, and may sign e-mail, which stands for documents."""
    names = (
        x509.Name(
            [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test"), x509.NameAttribute(NameOID.COMMON_NAME, text)]
        )
        for text in (name, issuer)
    )
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign", "encipher_only",
         "decipher_only"), False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(next(names))
        .issuer_name(next(names))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - datetime.timedelta(days=1))
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=not is_authority, key_cert_sign=is_authority, **usage), critical=True
        )
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signed_by.public_key()), critical=False)
    )
    if not is_authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return builder.sign(signed_by, digest)


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> Signing:
    return Signing(*write_chain(tmp_path_factory.mktemp("chain")))


@pytest.mark.parametrize(("source", "output"), [("a.mp4", "b.mp4"), ("a.mkv", "b.mov")])
def test_a_signed_video(tmp_path: Path, colorize: Colorize, signing: Signing, source: str, output: str) -> None:
    given = write_video(tmp_path / source, count=6)
    colorize(tmp_path / source, tmp_path / output, signing=signing)
    assert_signed(tmp_path / output, source)
    np.testing.assert_array_equal(lumas_of(tmp_path / output), given)
    assert set(verdicts(tmp_path / output).values()) == {True}


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_a_signed_picture(tmp_path: Path, colorize: Colorize, signing: Signing, suffix: str) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.random.default_rng(0).integers(0, 256, (96, 128), np.uint8))
    colorize(tmp_path / "a.png", tmp_path / f"b{suffix}", signing=signing)
    assert_signed(tmp_path / f"b{suffix}", "a.png")
    assert verdicts(tmp_path / f"b{suffix}")["signature"]


def assert_signed(output: Path, source: str) -> None:
    state, store = read_manifest(output)
    manifest = store["manifests"][store["active_manifest"]]
    assert state == "Valid" and manifest["signature_info"]["common_name"] == "Signer"
    assert [(part["title"], part["relationship"]) for part in manifest["ingredients"]] == [(source, "parentOf")]
    (actions,) = (one["data"]["actions"] for one in manifest["assertions"] if one["label"] == "c2pa.actions.v2")
    assert [action["action"] for action in actions] == ["c2pa.opened", "c2pa.edited"]
    assert actions[1]["digitalSourceType"] == SOURCE_TYPE and "not evidence" in actions[1]["description"]
    assert len(actions[0]["parameters"]["ingredients"]) == 1


def test_the_manifest_of_a_signed_source_comes_along(tmp_path: Path, colorize: Colorize, signing: Signing) -> None:
    write_video(tmp_path / "a.mp4", count=3)
    colorize(tmp_path / "a.mp4", tmp_path / "b.mp4", signing=signing)
    colorize(tmp_path / "b.mp4", tmp_path / "c.mp4", signing=signing)
    _, store = read_manifest(tmp_path / "c.mp4")
    (ingredient,) = store["manifests"][store["active_manifest"]]["ingredients"]
    assert len(store["manifests"]) == 2 and ingredient["active_manifest"] in store["manifests"]


def test_a_byte_that_was_changed_breaks_the_signature(tmp_path: Path, colorize: Colorize, signing: Signing) -> None:
    write_video(tmp_path / "a.mp4", count=4)
    output = tmp_path / "b.mp4"
    colorize(tmp_path / "a.mp4", output, signing=signing)
    content = bytearray(output.read_bytes())
    content[content.index(b"mdat") + 1000] ^= 1
    output.write_bytes(content)
    found = checks(output)
    assert found["signature"].passed is False and found["output"].passed is False


@pytest.mark.parametrize("kind", ["Ed25519", "Ps256"])
def test_other_kinds_of_keys(tmp_path: Path, colorize: Colorize, kind: str) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((32, 32), np.uint8))
    colorize(tmp_path / "a.png", tmp_path / "b.png", signing=Signing(*write_chain(tmp_path, kind)))
    state, store = read_manifest(tmp_path / "b.png")
    assert state == "Valid" and store["manifests"][store["active_manifest"]]["signature_info"]["alg"] == kind


def test_formats_without_manifests_are_refused_before_any_work(
    tmp_path: Path, colorize: Colorize, signing: Signing
) -> None:
    write_video(tmp_path / "a.mp4", count=3)
    cv2.imwrite(str(tmp_path / "a.bmp"), np.zeros((32, 32), np.uint8))
    for source, output in (("a.mp4", "b.mkv"), ("a.mp4", "b.webm"), ("a.bmp", "b.bmp")):
        with pytest.raises(SigningError, match=r"hold no C2PA manifest; end the output name in \.mp4"):
            colorize(tmp_path / source, tmp_path / output, signing=signing)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.bmp", "a.mp4"]


def test_keys_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    chain, key = write_chain(tmp_path)
    (tmp_path / "other").mkdir()
    _, other = write_chain(tmp_path / "other")
    gone, text = tmp_path / "gone.pem", tmp_path / "text.pem"
    text.write_text("no key")
    for given, said in (
        ((chain, other), "not the key of"),
        ((chain, text), "must be PEM files"),
        ((gone, key), "cannot be read"),
        ((key, key), "must be PEM files"),
    ):
        with pytest.raises(SigningError, match=said):
            Signing(*given)


def test_what_cannot_sign_is_refused_before_any_work(tmp_path: Path) -> None:
    chain, key = write_chain(tmp_path)
    with pytest.raises(SigningError, match=r"signing failed .*does the time stamp authority answer"):
        Signing(chain, key, tsa="http://127.0.0.1:9/")
    chain, key = write_chain(tmp_path, until=NOW - datetime.timedelta(hours=1))
    with pytest.raises(SigningError, match=r"sign\.certificate=.*chain\.pem: signing failed .*still valid"):
        Signing(chain, key)


def test_a_source_that_is_not_what_its_suffix_says_is_named_without_its_hash(
    tmp_path: Path, colorize: Colorize, signing: Signing
) -> None:
    _, png = cv2.imencode(".png", np.zeros((32, 32), np.uint8))
    write_video(tmp_path / "a.ts", count=3)
    (tmp_path / "a.jpg").write_bytes(png.tobytes())
    (tmp_path / "a.ts").rename(tmp_path / "a.mp4")
    for source, output in (("a.jpg", "b.png"), ("a.mp4", "b.mp4")):
        report = colorize(tmp_path / source, tmp_path / output, signing=signing)
        assert_signed(tmp_path / output, source)
        assert f"{source} is not what its suffix says: the signature names it without its hash" in report.notes
        known = json.loads(usual_path(tmp_path / output).read_text())
        assert known["done"]["notes"] == report.notes and verdicts(tmp_path / output)["signature"]
