import cv2
import numpy as np
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from temporal_colorize.models.caffe_file import read_caffemodel
from tests.support.caffe import caffemodel, prototxt, random_blobs, write_caffe

# What is needed of caffe.proto (BVLC/caffe): message, field, its number, its type.
SCHEMA = [
    ("BlobShape", "dim", 1, "packed int64"),
    ("BlobProto", "num", 1, "int64"),
    ("BlobProto", "channels", 2, "int64"),
    ("BlobProto", "height", 3, "int64"),
    ("BlobProto", "width", 4, "int64"),
    ("BlobProto", "data", 5, "packed float"),
    ("BlobProto", "diff", 6, "packed float"),
    ("BlobProto", "shape", 7, "BlobShape"),
    ("BlobProto", "double_data", 8, "packed double"),
    ("LayerParameter", "name", 1, "string"),
    ("LayerParameter", "type", 2, "string"),
    ("LayerParameter", "loss_weight", 5, "list float"),
    ("LayerParameter", "blobs", 7, "list BlobProto"),
    ("V1LayerParameter", "name", 4, "string"),
    ("V1LayerParameter", "type", 5, "int64"),
    ("V1LayerParameter", "blobs", 6, "list BlobProto"),
    ("NetParameter", "name", 1, "string"),
    ("NetParameter", "layers", 2, "list V1LayerParameter"),
    ("NetParameter", "layer", 100, "list LayerParameter"),
]


@pytest.fixture(scope="module")
def net_parameter() -> type:
    """The message as Google's own protobuf library writes it."""
    file = descriptor_pb2.FileDescriptorProto(name="caffe.proto", package="caffe", syntax="proto2")
    kind = descriptor_pb2.FieldDescriptorProto
    for message, name, number, what in SCHEMA:
        if not any(known.name == message for known in file.message_type):
            file.message_type.add(name=message)
        owner = next(known for known in file.message_type if known.name == message)
        how, _, word = what.rpartition(" ")
        field = owner.field.add(name=name, number=number, label=kind.LABEL_REPEATED if how else kind.LABEL_OPTIONAL)
        if hasattr(kind, f"TYPE_{word.upper()}"):
            field.type = getattr(kind, f"TYPE_{word.upper()}")
        else:
            field.type, field.type_name = kind.TYPE_MESSAGE, f".caffe.{word}"
        field.options.packed = how == "packed"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("caffe.NetParameter"))


def test_reads_what_the_protobuf_library_writes(net_parameter, tmp_path) -> None:
    weights, bias = np.arange(300, dtype=np.float32).reshape(2, 1, 15, 10), np.array([1.5, -2.5])
    net = net_parameter(name="net")
    layer = net.layer.add(name="conv", type="Convolution", loss_weight=[1.0, 2.0])
    layer.blobs.add(data=weights.ravel(), diff=[7.0, 8.0], shape={"dim": weights.shape})
    layer.blobs.add(double_data=bias, shape={"dim": [2]})
    net.layer.add(name="relu", type="ReLU")
    net.layers.add(name="old", type=4).blobs.add(num=2, channels=1, height=15, width=10, data=weights.ravel())
    path = tmp_path / "net.caffemodel"
    path.write_bytes(net.SerializeToString())
    layers = read_caffemodel(path)
    assert list(layers) == ["old", "conv"]  # as the fields' numbers are; no layer without blobs
    assert layers["conv"][0].dtype == np.float32 and layers["conv"][1].dtype == np.float64
    for blob, expected in zip([*layers["conv"], *layers["old"]], [weights, bias, weights], strict=True):
        np.testing.assert_array_equal(blob, expected)


@pytest.mark.parametrize("v1", [False, True])
def test_the_protobuf_library_reads_what_the_tests_write(net_parameter, v1: bool) -> None:
    blobs = {"conv": [np.arange(6, dtype=np.float32).reshape(2, 3), np.ones(200, np.float32)]}
    net = net_parameter.FromString(caffemodel(blobs, v1=v1))
    (layer,) = net.layers if v1 else net.layer
    assert layer.name == "conv" and list(layer.blobs[0].data) == [0, 1, 2, 3, 4, 5] and len(layer.blobs[1].data) == 200
    first = layer.blobs[0]
    shape = [first.num, first.channels, first.height, first.width] if v1 else list(first.shape.dim)
    assert shape == ([1, 1, 2, 3] if v1 else [2, 3])


def test_reads_what_opencv_reads(tmp_path) -> None:
    paths = write_caffe(tmp_path, width=4)
    layers = read_caffemodel(paths[1])
    net = cv2.dnn.readNetFromCaffe(*map(str, paths))
    convolutions = [name for name in layers if not name.endswith("norm")]
    assert len(convolutions) == 23 and len(layers) == 30
    for name in convolutions:
        layer = net.getLayer(net.getLayerId(name.removeprefix("bw_")))  # OpenCV calls a layer as its top
        for blob, expected in zip(layers[name], layer.blobs, strict=True):
            np.testing.assert_array_equal(blob.ravel(), expected.ravel())


def test_numbers_that_are_not_packed(tmp_path) -> None:
    """By hand, as protobuf allows: two fields 5 of four bytes, two dims of one byte each; 2.0 is 00 00 00 40."""
    blob = bytes.fromhex("2d 00000040 2d 00000040 3a 04 0801 0802")
    layer = b"\x0a\x01x\x3a" + bytes([len(blob)]) + blob
    path = tmp_path / "net.caffemodel"
    path.write_bytes(b"\xa2\x06" + bytes([len(layer)]) + layer)  # field 100
    np.testing.assert_array_equal(read_caffemodel(path)["x"][0], [[2.0, 2.0]])


WHOLE = caffemodel({"conv": [np.ones((4, 4), np.float32)]})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (WHOLE[:-20], "damaged one .it is cut short"),
        (b"rubbish" * 50, "is not a caffemodel"),
        (prototxt(4).encode(), "is not a caffemodel"),
        (b"", "holds no weights"),
        (caffemodel({"conv": []}), "holds no weights"),
        (WHOLE.replace(b"\x0a\x02\x04\x04", b"\x0a\x02\x04\x05"), "cannot reshape"),
        (b"\xa0\x06\x01", "a number stands where"),
    ],
    ids=["cut", "rubbish", "prototxt", "empty", "no blobs", "other shape", "number for message"],
)
def test_what_is_no_caffemodel_is_refused(content: bytes, message: str, tmp_path) -> None:
    path = tmp_path / "net.caffemodel"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_caffemodel(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path) -> None:
    for path in (tmp_path / "none.caffemodel", tmp_path):
        with pytest.raises(ValueError, match=str(path)):
            read_caffemodel(path)


def test_damage_ends_in_a_value_error_or_in_other_numbers(tmp_path) -> None:
    blobs = {name: arrays for name, arrays in random_blobs(1).items() if arrays[0].size < 40}
    whole, path = caffemodel(blobs), tmp_path / "net.caffemodel"
    draw, refused = np.random.default_rng(0), 0
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[draw.integers(len(whole))] = draw.integers(256)
        path.write_bytes(damaged)
        try:
            read_caffemodel(path)
        except ValueError:
            refused += 1
    assert 10 < refused < 290
