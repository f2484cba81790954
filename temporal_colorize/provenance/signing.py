"""Content Credentials: a C2PA manifest inside an output, signed with a certificate that is given."""

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
        SigningError: If a file cannot be read, or the key is of a kind that C2PA does not know.
        ModuleNotFoundError: If c2pa-python is not installed.
    """

    def __init__(self, certificate: Path, key: Path, *, tsa: str | None = None) -> None:
        try:
            import c2pa  # noqa: F401
        except ModuleNotFoundError:
            raise ModuleNotFoundError(
                "sign.certificate needs c2pa-python, which is not installed: pip install 'temporal-colorize[c2pa]'"
            ) from None
        self._certificate = _text("sign.certificate", certificate)
        self._key, self._tsa = _text("sign.key", key), tsa
        self._algorithm = _algorithm(self._certificate, self._key, key)

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

    def sign(self, part: Path, target: Path, source: Path) -> None:
        """Put a manifest into a file that is complete.

        Args:
            part: The file, which is replaced.
            target: The name that it will have.
            source: What it was made of, the manifest's ingredient.

        Raises:
            SigningError: If it cannot be signed, or the time stamp authority does not answer.
        """
        import c2pa

        signed = part.with_name(f"{part.name}.signed")
        try:
            with self._signer() as signer, c2pa.Builder(_manifest(target, source)) as builder:
                if (kind := _READABLE.get(source.suffix.lower())) is not None:
                    with source.open("rb") as file:
                        builder.add_ingredient(json.dumps(_ingredient(source)), kind, file)
                with part.open("rb") as plain, signed.open("w+b") as file:
                    builder.sign(signer, _TYPES[target.suffix.lower()], plain, file)
            signed.replace(part)
        except c2pa.C2paError as error:
            hint = "; does the time stamp authority answer?" if self._tsa else ""
            raise SigningError(f"{target}: signing failed ({error}){hint}") from error
        finally:
            signed.unlink(missing_ok=True)

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


def _manifest(target: Path, source: Path) -> dict[str, Any]:
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
        "ingredients": [] if source.suffix.lower() in _READABLE else [_ingredient(source)],
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
