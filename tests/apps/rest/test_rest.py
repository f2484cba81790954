"""Programs submit, follow and fetch, and are refused with the status that they expect."""

import json
import re
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from starlette.testclient import TestClient

from temporal_colorize.apps.service import Service
from tests.support.service import Slow, ended
from tests.support.videos import index_luma

RED = '[{"at": 0, "mask": "mask.png", "color": "#ff0000"}]'


def submit(client: TestClient, clip: Path, **options: object) -> dict[str, str]:
    answer = client.post(
        "/api/jobs", files={"video": ("Cam 3.mp4", clip.read_bytes())}, data={"options": json.dumps(options)}
    )
    assert answer.status_code == 202, answer.text
    return answer.json()


def token(job: dict[str, str]) -> dict[str, str]:
    return {"X-Job-Token": job["token"]}


def finish(service: Service, job: dict[str, str]) -> None:
    ended(service.job(job["id"], f"rest:{job['token']}"))


def test_submit_follow_and_fetch(client: TestClient, service: Service, clip: Path, tmp_path: Path) -> None:
    job = submit(client, clip, confidence=True, encoder="lossless")
    where = f"/api/jobs/{job['id']}"
    with client.stream("GET", f"{where}/events", params={"token": job["token"]}) as events:
        assert events.headers["content-type"].startswith("text/event-stream")
        said = [block.split("\n") for block in "".join(events.iter_text()).strip().split("\n\n")]
    kinds = [lines[1] for lines in said]
    last = json.loads(said[-1][2].removeprefix("data: "))
    assert kinds == ["event: progress"] * (len(kinds) - 1) + ["event: end"]
    assert (last["state"], last["frames"], last["total"], last["error"]) == ("done", 12, 12, None)
    status = client.get(where, headers=token(job)).json()
    assert status["report"]["frames"] == 12 and status["report"]["output"] == "Cam 3.color.mp4"
    assert str(tmp_path) not in json.dumps(status)
    result = client.get(f"{where}/result", headers=token(job))
    assert result.headers["content-type"] == "video/mp4" and result.headers["cache-control"] == "no-store"
    assert "Cam%203.color.mp4" in result.headers["content-disposition"]
    (tmp_path / "got.mp4").write_bytes(result.content)
    with av.open(str(tmp_path / "got.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 12 and container.streams.audio
    part = client.get(f"{where}/result", headers={**token(job), "Range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")
    assert client.get(f"{where}/confidence", headers=token(job)).headers["content-type"] == "video/mp4"
    record = client.get(f"{where}/record", headers=token(job)).json()
    assert record["source"]["path"] == "Cam 3.mp4" and str(tmp_path) not in json.dumps(record)
    assert client.delete(where, headers=token(job)).status_code == 204
    assert client.get(where, headers=token(job)).status_code == 404
    assert [path.name for path in service.root.iterdir()] == [".lock"]


def test_files_beside_the_video(client: TestClient, service: Service, clip: Path, folder: Path) -> None:
    mask = cv2.imencode(".png", np.pad(np.full((20, 20), 255, np.uint8), ((30, 46), (40, 68))))[1].tobytes()
    day = np.clip(index_luma(0)[..., None] * [0.6, 1.0, 0.9], 0, 255).astype(np.uint8)
    files = [
        ("video", ("clip.mp4", clip.read_bytes())), ("hints", ("hints.json", RED.encode())),
        ("masks", ("mask.png", mask)), ("reference", ("day.png", cv2.imencode(".png", day)[1].tobytes())),
    ]  # fmt: skip
    job = client.post("/api/jobs", files=files).json()
    finish(service, job)
    status = client.get(f"/api/jobs/{job['id']}", headers=token(job)).json()
    assert (status["state"], status["error"]) == ("done", None)
    assert any("mask.png" in line for line in status["report"]["hints"])


def test_ask(client: TestClient, service: Service, clip: Path) -> None:
    files = {"video": ("clip.mp4", clip.read_bytes())}
    answer = client.post("/api/ask", files=files, data={"box": "10,10,40,40", "at": "0.2s"})
    assert answer.status_code == 200 and answer.json()["source"] == "clip.mp4"
    assert sum(name["probability"] for name in answer.json()["names"]) == pytest.approx(1, abs=0.01)
    wrong = client.post("/api/ask", files=files, data={"at": "0.2s"})
    assert wrong.status_code == 422 and wrong.json()["error"].startswith("box is missing")
    assert [path.name for path in service.root.iterdir()] == [".lock"]


def test_what_is_not_done_cannot_be_fetched(client: TestClient, service: Service, colorizer: Slow, clip: Path) -> None:
    colorizer.pause = 0.1
    jobs = [submit(client, clip) for _ in range(3)]
    where = f"/api/jobs/{jobs[1]['id']}"
    early = client.get(f"{where}/result", headers=token(jobs[1]))
    assert (early.status_code, early.json()) == (409, {"error": "the job is waiting"})
    full = client.post("/api/jobs", files={"video": ("clip.mp4", clip.read_bytes())})
    assert full.status_code == 429 and full.json()["error"].startswith("the queue is full")
    assert int(full.headers["retry-after"]) > 0
    colorizer.pause = 0
    for job in jobs:
        finish(service, job)
    none = client.get(f"{where}/confidence", headers=token(jobs[1]))
    assert none.status_code == 409 and "was not asked for it" in none.json()["error"]


def test_nobody_else_sees_a_job(client: TestClient, clip: Path) -> None:
    job, other = submit(client, clip), submit(client, clip)
    where = f"/api/jobs/{job['id']}"
    for call in (
        client.get(where, headers=token(other)), client.delete(where, headers=token(other)),
        client.get(f"{where}/events", headers=token(other)), client.get("/api/jobs/none", headers=token(job)),
    ):  # fmt: skip
        assert call.status_code == 404 and call.json()["error"].startswith("there is no such job")
    assert client.get(where).status_code == 400
    both = client.post("/api/jobs", files={"video": ("b.mp4", clip.read_bytes())}, headers=token(job)).json()
    assert both["token"] == job["token"] and client.get(where, headers=token(both)).status_code == 200


@pytest.mark.parametrize(
    ("files", "fields", "status", "said"),
    [
        ({}, {"options": "{}"}, 400, "send a form"),
        ({"clip": b"x"}, {}, 400, "clip is no file here"),
        ({"video": b""}, {}, 422, "a.mp4 is empty"),
        ({"video": b"no video" * 50}, {}, 422, "a.mp4"),
        ({"video": b"x"}, {"options": "[1]"}, 400, "options must be a JSON object"),
        ({"video": b"x"}, {"options": '{"hints": "/etc/passwd"}'}, 400, "hints is a file"),
        ({"video": b"x"}, {"options": '{"limits.pixels": 1}'}, 422, "limits.pixels is no option here"),
        ({"video": b"x"}, {"options": '{"start": NaN}'}, 422, "start=nan must be a number"),
        ({"video": bytes(1_300_000)}, {}, 413, "a request may have 1 MB"),
    ],
)
def test_refusals(
    client: TestClient, service: Service, files: dict[str, bytes], fields: dict[str, str], status: int, said: str
) -> None:
    answer = client.post("/api/jobs", files={name: ("a.mp4", part) for name, part in files.items()}, data=fields)
    assert answer.status_code == status and answer.json()["error"].startswith(said), answer.text
    assert set(answer.json()) == {"error"} and "\n" not in answer.json()["error"]
    assert [path.name for path in service.root.iterdir()] == [".lock"]


def test_an_upload_is_stopped_while_it_comes(client: TestClient, service: Service) -> None:
    sent, most = [], 0

    def body() -> object:
        yield b'--x\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\n'
        for _ in range(1000):
            sent.append(1)
            yield bytes(10_000)

    def size() -> int:
        return sum(path.stat().st_size for path in service.root.rglob("*.mp4"))

    write = Path.open

    def opened(path: Path, *given: str) -> object:
        file = write(path, *given)
        plain = file.write

        def counted(data: bytes) -> int:
            nonlocal most
            most += len(data)
            return plain(data)

        file_like = type("Counted", (), {"write": staticmethod(counted), "close": staticmethod(file.close)})
        return file_like()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", opened)
        answer = client.post("/api/jobs", content=body(), headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert answer.status_code == 413 and most <= 1_200_000 and size() == 0


def test_a_form_that_breaks_off_is_refused(client: TestClient, service: Service) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\nabc'
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    for body in (head, b"no form", b"--x\r\nContent-Disposition: form-data\r\n\r\nabc\r\n--x--\r\n"):
        answer = client.post("/api/jobs", content=body, headers=kind)
        assert answer.status_code == 400, answer.text
    assert client.get("/api/nothing").json()["error"].startswith("/api/nothing is no call")
    assert client.put("/api/jobs").status_code == 405


def test_the_openapi_page_needs_no_other_host(client: TestClient) -> None:
    page = client.get("/api/docs").text
    assert "http://" not in page and "https://" not in page
    for link in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert client.get(link).status_code == 200, link
    schema = client.get("/api/openapi.json").json()
    body = schema["paths"]["/api/jobs"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert body["properties"]["video"]["format"] == "binary" and body["required"] == ["video"]
    assert {"400", "404", "409", "413", "422", "429"} <= set(schema["paths"]["/api/jobs/{id}"]["get"]["responses"])


def test_health(client: TestClient) -> None:
    assert client.get("/api/health").json() == {"status": "ok", "version": client.app.version, "waiting": 0}
