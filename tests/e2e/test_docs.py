"""/docs: Swagger UI under a strict policy, from this service alone, and in a real browser."""

import gzip
import json
import pathlib
import subprocess

import pytest
from contract import assert_problem

PROJECT = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = PROJECT / "nginx" / "site-packages"
POLICY = {"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'", "base-uri 'none'",
          "form-action 'none'", "frame-ancestors 'none'"}


@pytest.fixture(scope="module")
def viewer(stack):
    if stack.get("/assets/packages/swagger-ui.js").status != 200:
        pytest.skip("Swagger UI is not installed: make pages")
    return stack


@pytest.mark.parametrize("path", ["/docs", "/docs/", "/api/docs", "/api/docs/", "//docs"])
def test_the_page_may_run_its_own_scripts_and_ask_this_service_only(stack, path):
    page = stack.get(path)
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert set(page.headers["content-security-policy"].split("; ")) == POLICY
    assert (page.headers["x-content-type-options"], page.headers["referrer-policy"]) == ("nosniff", "no-referrer")
    assert "http://" not in page.text and "https://" not in page.text and "<style" not in page.text
    assert page.text.count("<script") == page.text.count('<script src="/assets/')


def test_the_page_is_not_written_to_and_has_no_other_address(stack):
    assert_problem(stack.request("POST", "/docs", body=b"{}"), 405)
    assert_problem(stack.get("/docs.html"), 404)
    assert_problem(stack.get("/docs/nothing"), 404)


def test_the_viewer_comes_compressed(viewer):
    for name, kind in (("swagger-ui.js", "text/javascript"), ("swagger-ui.css", "text/css")):
        plain = viewer.get(f"/assets/packages/{name}")
        packed = viewer.get(f"/assets/packages/{name}", {"Accept-Encoding": "gzip"})
        assert packed.headers["content-type"].startswith(kind) and packed.headers["vary"] == "Accept-Encoding"
        assert gzip.decompress(packed.body) == plain.body and len(packed.body) < len(plain.body) / 3
        assert b"sourceMappingURL=" not in plain.body[-200:]


def test_a_reader_sees_every_operation_and_can_try_it_out(packages, viewer):
    done = subprocess.run(["node", str(pathlib.Path(__file__).with_name("docs_page.mjs")), str(PACKAGES), viewer.url, viewer.admin_key],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    seen = json.loads(done.stdout)
    document = viewer.get("/api/v1/openapi.json").json()
    assert seen["operations"] == sum(method in item for item in document["paths"].values() for method in ("get", "put", "post", "delete"))
    assert seen["read"]["status"] == 200 and seen["read"]["url"].startswith(viewer.url + "/api/v1/topics")
    assert (seen["refused"]["status"], seen["allowed"]["status"]) == (401, 200)
    assert viewer.admin_key not in seen["kept"]
    assert "Demo data" in seen["demo"]
    # What was refused is a complaint of the browser's own; no policy was broken, and nobody else was asked.
    assert [text for text in seen["complaints"] if "401" not in text] == [] and seen["dark_complaints"] == []
    assert (seen["light"], seen["dark"]) == ("rgb(246, 247, 248)", "rgb(14, 18, 22)")
    assert seen["width"] == 360
    assert "/api/v1/openapi.json" in seen["without_viewer"] and "not installed" in seen["without_viewer"]
