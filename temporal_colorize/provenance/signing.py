"""Content Credentials: a C2PA manifest inside an output, signed with a certificate that is given."""

import io
import json
import mimetypes
from importlib.metadata import version
from pathlib import Path
from typing import Any

from temporal_colorize.inference.statement import SOURCE_TYPE, STATEMENT

_TYPES = {
    ".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime", ".jpg": "image/jpeg", ".jpeg": "image/jpeg",
    ".png": "image/png", ".webp": "image/webp", ".tif": "image/tiff", ".tiff": "image/tiff",
}  # fmt: skip
_READABLE = {**_TYPES, ".avi": "video/avi"}  # sources, whose own manifests come along
_SOURCE = "source"  # the ingredient's name inside the manifest
_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
_SUFFIXES = "in .mp4, .mov, .jpg, .png, .webp or .tif"


class SigningError(ValueError):
    """A signature that cannot be made; the message names the option."""


class Signing:
    """Signs files.

    Args:
        certificate: A PEM file: the signer's certificate first, then those that lead to its root.
        key: A PEM file with its private key, without a password.
        tsa: Address of a time stamp authority (RFC 3161), the only case in which the network is used; None for none.

    Raises:
        SigningError: If a file cannot be read, the key is of a kind that C2PA does not know, or a picture of one pixel
            cannot be signed with them (an expired certificate, a time stamp authority that does not answer).
        ModuleNotFoundError: If c2pa-python is not installed.
    """

    def __init__(self, certificate: Path, key: Path, *, tsa: str | None = None) -> None:
        try:
            import c2pa  # noqa: F401
        except ModuleNotFoundError:
            raise ModuleNotFoundError(
                "sign.certificate needs c2pa-python, which is not installed: pip install '.[c2pa]' in a checkout"
            ) from None
        self._certificate = _text("sign.certificate", certificate)
        self._key, self._tsa = _text("sign.key", key), tsa
        self._algorithm = _algorithm(self._certificate, self._key, key)
        self._try(certificate)

    def check(self, target: Path) -> None:
        """Refuse an output whose format holds no manifest.

        Raises:
            SigningError: In one line.
        """
        if target.suffix.lower() not in _TYPES:
            raise SigningError(
                f"output={target}: {target.suffix} files hold no C2PA manifest; end the output name {_SUFFIXES}, or "
                "leave sign.certificate out"
            )

    def _try(self, certificate: Path) -> None:
        """Sign a picture of one pixel, so that what cannot work fails before any work."""
        import c2pa
        import cv2
        import numpy as np

        _, pixel = cv2.imencode(".png", np.zeros((1, 1), np.uint8))
        manifest = _manifest(Path("pixel.png"), _ingredient(Path("pixel.png")))
        try:
            with self._signer() as signer, c2pa.Builder(manifest) as builder:
                builder.sign(signer, _TYPES[".png"], io.BytesIO(pixel.tobytes()), io.BytesIO())
        except c2pa.C2paError as error:
            raise SigningError(f"sign.certificate={certificate}: signing failed ({error}){self._hint}") from error

    @property
    def _hint(self) -> str:
        return "; does the time stamp authority answer?" if self._tsa else "; is the certificate still valid?"

    def sign(self, part: Path, target: Path, source: Path) -> list[str]:
        """Put a manifest into a file that is complete.

        Args:
            part: The file, which is replaced.
            target: The name that it will have.
            source: What it was made of, the manifest's ingredient.

        Returns:
            What is other than usual, in a line each: a source whose content is not what its suffix says is named as the
            ingredient without a hash of it or a manifest of its own.

        Raises:
            SigningError: If it cannot be signed, or the time stamp authority does not answer.
        """
        import c2pa

        signed, notes = part.with_name(f"{part.name}.signed"), []
        try:
            builder = _builder_with(target, source)
            if builder is None:
                notes.append(f"{source.name} is not what its suffix says: the signature names it without its hash")
                builder = c2pa.Builder(_manifest(target, _ingredient(source)))
            with self._signer() as signer, builder, part.open("rb") as plain, signed.open("w+b") as file:
                builder.sign(signer, _TYPES[target.suffix.lower()], plain, file)
            signed.replace(part)
        except c2pa.C2paError as error:
            raise SigningError(f"{target}: signing failed ({error}){self._hint}") from error
        finally:
            signed.unlink(missing_ok=True)
        return notes

    def _signer(self) -> Any:
        from c2pa import C2paSignerInfo, Signer

        return Signer.from_info(
            C2paSignerInfo(self._algorithm, self._certificate.encode(), self._key.encode(), self._tsa)
        )


def read_manifest(path: Path) -> tuple[str, dict[str, Any]]:
    """Return whether a file's manifest is "Valid", "Trusted" or "Invalid", and the manifest store.

    Raises:
        SigningError: If there is none.
        ModuleNotFoundError: If c2pa-python is not installed.
    """
    import c2pa

    try:
        with path.open("rb") as file, c2pa.Reader(_TYPES[path.suffix.lower()], file) as reader:
            return reader.get_validation_state() or "Invalid", json.loads(reader.json())
    except (c2pa.C2paError, KeyError) as error:
        raise SigningError(f"{path}: has no C2PA manifest that can be read ({error})") from error


def _builder_with(target: Path, source: Path) -> Any:
    """Begin a manifest with its ingredient, with its bytes if c2pa reads its format; None if it cannot."""
    import c2pa

    kind = _READABLE.get(source.suffix.lower())
    if kind is None:
        return c2pa.Builder(_manifest(target, _ingredient(source)))
    builder = c2pa.Builder(_manifest(target))
    try:
        with source.open("rb") as file:
            builder.add_ingredient(json.dumps(_ingredient(source)), kind, file)
    except c2pa.C2paError:
        builder.close()
        return None
    return builder


def _manifest(target: Path, *ingredients: dict[str, Any]) -> dict[str, Any]:
    tool = {"name": "temporal-colorize", "version": version("temporal-colorize")}
    actions = [
        {"action": "c2pa.opened", "parameters": {"ingredientIds": [_SOURCE]}},
        {
            "action": "c2pa.edited",
            "softwareAgent": tool,
            "digitalSourceType": SOURCE_TYPE,
            "description": STATEMENT,
        },
    ]
    return {
        "claim_generator_info": [tool],
        "title": target.name,
        "format": _TYPES[target.suffix.lower()],
        "ingredients": list(ingredients),
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}],
    }


def _ingredient(source: Path) -> dict[str, Any]:
    kind = _READABLE.get(source.suffix.lower()) or mimetypes.guess_type(source)[0] or "application/octet-stream"
    return {"title": source.name, "format": kind, "relationship": "parentOf", "label": _SOURCE}


def _text(option: str, path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise SigningError(f"{option}={path} cannot be read ({why}); give a PEM file") from error


def _algorithm(certificate: str, key: str, path: Path) -> str:
    """Name the algorithm of a key, and see that it is the certificate's."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        private = load_pem_private_key(key.encode(), None)
        owner = x509.load_pem_x509_certificate(certificate.encode())
    except (ValueError, TypeError) as error:
        raise SigningError(f"sign.certificate and sign.key={path} must be PEM files, the key without a password "
                           f"({' '.join(str(error).split())[:120]})") from error  # fmt: skip
    if private.public_key() != owner.public_key():
        raise SigningError(f"sign.key={path} is not the key of sign.certificate's first certificate; put that first")
    if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name in _CURVES:
        return _CURVES[private.curve.name]
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(private, rsa.RSAPrivateKey):
        return "ps256"
    raise SigningError(f"sign.key={path} is of a kind that C2PA does not know: use ES256, PS256 or Ed25519")
