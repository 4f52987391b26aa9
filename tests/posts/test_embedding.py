"""Embedders: what a setting names, vectors without a network, sentence encoders, and endpoints that may fail in any way."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from navec import Navec
from navec.meta import Meta
from navec.pq import PQ
from navec.vocab import Vocab

from vitrina.posts.embedding import E5, EmbedderError, counting, embedder, prompts_of, unit_rows
from vitrina.posts.endpoint_embedding import EndpointEmbedder
from vitrina.posts.navec_embedding import SMOOTHING, NavecEmbedder

KEY = "sk-very-secret-1234"


@pytest.mark.parametrize(
    "name", ["", "word2vec", "navec:x", "sentence-transformers:", "openai:model", "openai:@http://x", "openai:m@ftp://x"]
)
def test_a_setting_that_names_no_model_is_refused_with_the_ways_to_write_one(name):
    with pytest.raises(EmbedderError, match="names no model") as refused:
        embedder(name)
    assert "`sentence-transformers:<name on the hub or folder>`" in str(refused.value)


def test_a_setting_that_holds_a_password_is_not_shown():
    for name in ("openai: m@https://user:hunter2@host/v1", "openai:m@https://user:hunter2@host/v1"):
        with pytest.raises(EmbedderError) as refused:
            embedder(name, key=KEY)
        assert "hunter2" not in repr(refused.value)


def test_an_endpoint_is_named_by_model_and_address():
    found = embedder("openai:BAAI/bge-m3@http://127.0.0.1:8080/v1/", key=KEY, timeout_s=1.0)
    assert found.model == "openai:BAAI/bge-m3@http://127.0.0.1:8080/v1"
    assert found.is_remote
    assert KEY not in repr(found)
    assert KEY not in repr(vars(found))


def test_rows_have_length_one_or_none_at_all():
    np.testing.assert_allclose(unit_rows([[3, 4], [0, 0], [0, -2]]), [[0.6, 0.8], [0, 0], [0, -1]], rtol=1e-6)
    assert unit_rows(np.zeros((0, 3))).shape == (0, 3)


@pytest.mark.parametrize("name", ["intfloat/multilingual-e5-small", "e5_large", "d0rj/e5-base-en-ru"])
def test_models_called_e5_get_their_prefixes(name):
    assert prompts_of(name) == {"query": "query: ", "passage": "passage: "}


def test_a_models_own_prompts_count_before_its_name():
    assert prompts_of("m-e5", {"query": "search: ", "document": "text: "}) == {"query": "search: ", "passage": "text: "}
    assert prompts_of("m", {"query": "q: ", "document": ""}) == {"query": "q: ", "passage": ""}
    assert prompts_of("sergeyzh/rubert-tiny-turbo", {"query": "", "document": ""}) == {"query": "", "passage": ""}
    assert not E5.search("cafe5ded")


# --- navec


@pytest.fixture
def tiny(tmp_path):
    """Six words whose vectors of four numbers are put together from parts of two, as navec keeps them."""
    codes = np.array([[[1, 0], [0, 1], [1, 1]], [[0, 0], [2, 0], [0, 3]]], dtype=np.float32)
    indexes = np.array([[0, 0], [1, 1], [2, 2], [0, 1], [2, 0], [1, 2]], dtype=np.uint8)
    words = ["кот", "спать", "и", "ёж", "<unk>", "<pad>"]
    path = tmp_path / "tiny.tar"
    Navec(Meta("tiny_1"), Vocab(words, [60, 30, 1000, 10, 0, 0]), PQ(6, 4, 2, 3, indexes, codes)).dump(path)
    return NavecEmbedder.load(path)


def by_hand(*words):
    """Smooth inverse frequency, as the paper has it; the common part is the mean over the vocabulary by frequency."""
    vectors = {"кот": [1, 0, 0, 0], "спать": [0, 1, 2, 0], "ёж": [1, 0, 2, 0]}
    shares = {"кот": 60 / 1100, "спать": 30 / 1100, "ёж": 10 / 1100}
    weights = {word: SMOOTHING / (SMOOTHING + share) for word, share in shares.items()}
    common = sum(shares[word] * weights[word] * np.array(vectors[word]) for word in vectors)
    common = common / np.linalg.norm(common)
    total = sum(weights[word] * np.array(vectors[word]) for word in words)
    total = total - (total @ common) * common
    return total / np.linalg.norm(total)


def test_a_text_is_the_weighted_mean_of_its_words_without_what_all_texts_share(tiny):
    assert tiny.model == "navec:navec_tiny_1"
    assert tiny.dimensions == 4
    np.testing.assert_allclose(tiny.embed(["Кот и ёж!", "Спать, спать"]), [by_hand("кот", "ёж"), by_hand("спать")], atol=1e-6)
    # a form that the vocabulary lacks goes by its lemma
    np.testing.assert_allclose(tiny.embed(["коты спят"], kind="query"), [by_hand("кот", "спать")], atol=1e-6)


def test_texts_without_a_known_word_are_zero_and_no_texts_are_no_rows(tiny):
    assert not tiny.embed(["", "и и", "абракадабра 2024", "<unk> <pad>"]).any()
    assert tiny.embed([]).shape == (0, 4)


def test_a_file_that_is_none_is_told(tmp_path):
    with pytest.raises(EmbedderError, match="cannot be read: FileNotFoundError"):
        NavecEmbedder.load(tmp_path / "none.tar")
    (tmp_path / "broken.tar").write_bytes(b"\0" * 3000)
    with pytest.raises(EmbedderError, match=r"broken\.tar cannot be read"):
        NavecEmbedder.load(tmp_path / "broken.tar")


def test_installed_vectors_know_words_of_like_meaning():
    model = embedder("navec")
    assert model.model == "navec:navec_news_v1_1B_250K_300d_100q"
    assert (model.dimensions, model.is_remote) == (300, False)
    query, near, far = model.embed(["Когда откроют метро?", "Открытие станции подземки", "Рецепт яблочного пирога"])
    assert query @ near > query @ far + 0.2
    np.testing.assert_allclose(np.linalg.norm([query, near, far], axis=1), 1, rtol=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(["Первый снег", "метро", "", "в и на", "Кот спит 5 часов", "xyzzy"]), min_size=1, max_size=6))
def test_a_text_has_the_same_vector_whatever_stands_beside_it(texts):
    model = embedder("navec")
    together = model.embed(texts)
    assert all((model.embed([text])[0] == row).all() for text, row in zip(texts, together, strict=True))


# --- endpoints


class Endpoint(ThreadingHTTPServer):
    """Answers as OpenAI's does, unless it was told to do otherwise; remembers what it was sent."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests, self.misdeeds = [], []

    def handle_error(self, request, client_address):
        """Those who were given up write to nobody."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.path, self.headers.get("Authorization"), body))
        if self.server.misdeeds:
            self.server.misdeeds.pop(0)(self, body)
        else:
            self.say(good(body))

    def say(self, answer, status=200, **headers):
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass


def good(body):
    """Vectors in another order than the texts, each with its index, of a length other than one."""
    rows = [
        {"object": "embedding", "index": place, "embedding": [3.0, 4.0 * len(text)]} for place, text in enumerate(body["input"])
    ]
    return {"object": "list", "data": rows[::-1], "usage": {"total_tokens": 7 * len(rows)}}


def status(code, **headers):
    return lambda handler, body: handler.say({"error": {"message": f"{handler.headers['Authorization']} {body}"}}, code, **headers)


def saying(answer):
    return lambda handler, body: handler.say(answer(body) if callable(answer) else answer)


@pytest.fixture
def endpoint(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = Endpoint()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def remote(endpoint, **options):
    return EndpointEmbedder("bge", endpoint.url, key=KEY, **{"timeout_s": 5.0} | options)


def test_texts_are_sent_with_the_key_and_vectors_are_put_in_order_by_their_index(endpoint):
    model = remote(endpoint)
    vectors = model.embed(["я", "мы", " \n", "они"])
    expected = unit_rows([[3, 4], [3, 8], [0, 0], [3, 12]])
    np.testing.assert_allclose(vectors, expected, rtol=1e-6)
    assert vectors.dtype == np.float32
    [(path, authorization, body)] = endpoint.requests
    assert (path, authorization) == ("/v1/embeddings", f"Bearer {KEY}")
    assert (body["model"], body["input"]) == ("bge", ["я", "мы", "они"])
    assert model.tokens_used == 21


def test_many_texts_go_in_requests_of_128_and_tokens_add_up(endpoint):
    model = remote(endpoint)
    assert model.embed([f"{number:04d}" for number in range(300)]).shape == (300, 2)
    assert [len(body["input"]) for _, _, body in endpoint.requests] == [128, 128, 44]
    assert model.tokens_used == 2100


def test_tokens_are_counted_for_whoever_waits_for_the_vector_and_for_nobody_else(endpoint):
    model = remote(endpoint)

    def ask(number):
        with counting() as spent:
            model.embed(["слово"] * number)
        return spent.tokens

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, [1, 2, 3, 4])) == [7, 14, 21, 28]
    with counting() as outer:
        assert ask(1) == 7
    assert outer.tokens == 0


def test_the_length_of_vectors_is_asked_for_once_and_blank_texts_are_not_sent(endpoint):
    model = remote(endpoint)
    assert model.dimensions == model.dimensions == 2
    assert not model.embed(["", "  "]).any()
    assert model.embed([]).shape == (0, 2)
    assert len(endpoint.requests) == 1


def test_without_a_key_none_is_sent_and_long_texts_are_cut_and_e5_gets_its_prefix(endpoint):
    EndpointEmbedder("multilingual-e5-base", endpoint.url).embed(["х" * 20_000], kind="query")
    [(_, authorization, body)] = endpoint.requests
    assert authorization is None
    assert body["input"][0].startswith("query: ххх")
    assert len(body["input"][0]) == 8_000


@pytest.mark.parametrize("misdeed", [status(429), status(429, Retry_After="0"), status(500), status(503, Retry_After="soon")])
def test_what_passes_is_tried_again(endpoint, misdeed):
    endpoint.misdeeds = [misdeed]
    assert remote(endpoint).embed(["я"]).shape == (1, 2)
    assert len(endpoint.requests) == 2


@pytest.mark.parametrize("wait", ["3600", "inf", "1e9"])
def test_a_wait_that_is_longer_than_the_timeout_is_not_waited_for(endpoint, wait):
    endpoint.misdeeds = [status(429, Retry_After=wait)]
    began = time.monotonic()
    with pytest.raises(EmbedderError, match="status 429"):
        remote(endpoint).embed(["я"])
    assert time.monotonic() - began < 2
    assert len(endpoint.requests) == 1


def test_retries_end_with_the_timeout(endpoint):
    endpoint.misdeeds = [status(500)] * 50
    began = time.monotonic()
    with pytest.raises(EmbedderError, match="status 500"):
        remote(endpoint, timeout_s=0.8).embed(["я"])
    assert time.monotonic() - began < 1.5
    assert len(endpoint.requests) == 2


@pytest.mark.parametrize("code", [301, 400, 401, 403, 404, 413])
def test_a_refusal_is_told_at_once_without_the_key_and_the_texts(endpoint, code):
    endpoint.misdeeds = [status(code, Location="http://127.0.0.1:9/")]
    with pytest.raises(EmbedderError, match=f"status {code}") as refused:
        remote(endpoint).embed(["тайна"])
    assert len(endpoint.requests) == 1
    chain = refused.value
    while chain is not None:
        assert KEY not in repr(chain) + str(chain)
        assert "тайна" not in repr(chain) + str(chain)
        chain = chain.__cause__ or chain.__context__


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>",
        b"[" * 10_000,
        b"[1]",
        {"data": []},
        {"vectors": [[1.0]]},
        {"data": [{"index": 0, "embedding": []}, {"index": 1, "embedding": []}]},
        {"data": [{"index": 0, "embedding": [1.0]}]},
        {"data": [{"index": 0, "embedding": [1.0]}, {"index": 0, "embedding": [2.0]}]},
        {"data": [{"index": 0, "embedding": [1.0]}, {"index": 2, "embedding": [2.0]}]},
        {"data": [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [2.0, 1.0]}]},
        {"data": [{"index": 0, "embedding": "AACAPw=="}, {"index": 1, "embedding": "AACAPw=="}]},
        {"data": [{"index": 0, "embedding": [None]}, {"index": 1, "embedding": [1.0]}]},
        b'{"data": [{"index": 0, "embedding": [NaN]}, {"index": 1, "embedding": [1e999]}]}',
        lambda body: good({"input": [*body["input"], "!"]}),
    ],
)
def test_an_answer_that_is_not_as_agreed_is_refused(endpoint, answer):
    endpoint.misdeeds = [saying(answer)]
    with pytest.raises(EmbedderError, match="something else than 2 vectors of one length"):
        remote(endpoint).embed(["я", "мы"])
    assert len(endpoint.requests) == 1


def test_odd_counts_of_tokens_are_not_added(endpoint):
    for usage in (None, [], {"total_tokens": "7"}, {"total_tokens": -7}, {}):
        endpoint.misdeeds.append(saying(lambda body, usage=usage: good(body) | {"usage": usage}))
    model = remote(endpoint)
    for _ in range(5):
        model.embed(["я"])
    assert model.tokens_used == 0


def test_a_model_that_changes_its_length_is_refused(endpoint):
    model = remote(endpoint)
    model.embed(["я"])
    endpoint.misdeeds = [saying({"data": [{"index": 0, "embedding": [1.0, 2.0, 3.0]}]})]
    with pytest.raises(EmbedderError, match="vectors of 3 numbers after vectors of 2"):
        model.embed(["мы"])


def silent(handler, body):
    time.sleep(0.6)


def in_drops(handler, body):
    """Blanks to keep the connection up, as some gateways send them."""
    handler.send_response(200)
    handler.end_headers()
    for _ in range(20):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


@pytest.mark.parametrize("misdeed", [silent, in_drops])
def test_an_answer_that_is_too_slow_is_given_up(endpoint, misdeed):
    endpoint.misdeeds = [misdeed]
    began = time.monotonic()
    with pytest.raises(EmbedderError, match=r"has not answered within 0\.3 s"):
        remote(endpoint, timeout_s=0.3).embed(["я"])
    assert time.monotonic() - began < 0.6


def test_an_endpoint_that_is_not_there_is_told():
    model = EndpointEmbedder("bge", "http://127.0.0.1:9/v1", key=KEY, timeout_s=0.3)
    with pytest.raises(EmbedderError, match="cannot be reached: ConnectError"):
        model.embed(["я"])


@pytest.mark.parametrize("key", ["two words", "line\nend", "ключ", "nul\0"])
def test_a_key_that_no_header_can_hold_is_refused_and_not_shown(key):
    with pytest.raises(EmbedderError, match="key of the embedding endpoint") as refused:
        EndpointEmbedder("bge", "http://127.0.0.1/v1", key=key)
    assert key not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a/v1",
        "a.ru/v1",
        "http://",
        "file:///etc/passwd",
        "https://u:p@a.ru/v1",
        "https://a.ru/v1?key=s",
        "http://a:99999999/",
    ],
)
def test_only_plain_web_addresses_are_endpoints(url):
    with pytest.raises(EmbedderError, match="address of the embedding endpoint"):
        EndpointEmbedder("bge", url)


@pytest.mark.parametrize("timeout_s", [0.0, -1.0, float("nan"), float("inf")])
def test_a_timeout_that_is_none_is_refused(timeout_s):
    with pytest.raises(EmbedderError, match="timeout"):
        EndpointEmbedder("bge", "http://127.0.0.1/v1", timeout_s=timeout_s)


def test_names_that_no_table_holds_are_refused():
    with pytest.raises(EmbedderError, match="At most 300 fit"):
        EndpointEmbedder("b" * 300, "http://127.0.0.1/v1")


# --- sentence encoders


def test_a_model_of_the_hub_that_is_not_here_is_told_with_both_ways_out(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(EmbedderError, match=r"not on this machine, and HF_HUB_OFFLINE forbids") as missing:
        embedder("sentence-transformers:nobody-here/no-such-model")
    assert "hf download nobody-here/no-such-model" in str(missing.value)
    assert "sentence-transformers:<folder>" in str(missing.value)
    with pytest.raises(EmbedderError, match="no folder"):
        embedder(f"sentence-transformers:{tmp_path / 'none'}")
    with pytest.raises(EmbedderError, match="neither a folder nor a name"):
        embedder("sentence-transformers:a/b/c d")


def _encoder_in(folder: Path, seed: int):
    """A BERT of random weights, two layers deep and sixteen numbers wide."""
    import torch  # noqa: PLC0415  # takes seconds
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415  # as above
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer  # noqa: PLC0415  # as above
    from transformers import BertConfig, BertModel, BertTokenizerFast  # noqa: PLC0415  # as above

    plain = folder.parent / f"{folder.name}-bert"
    plain.mkdir(parents=True)
    letters = "абвгдежзийклмнопрстуфхцчшщыьэюяpqsuery:. "
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters.replace(" ", ""), *(f"##{sign}" for sign in letters)]
    (plain / "vocab.txt").write_text("\n".join(dict.fromkeys(words)), encoding="utf-8")
    BertTokenizerFast(str(plain / "vocab.txt")).save_pretrained(str(plain))
    torch.manual_seed(seed)
    size = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(vocab_size=len(words), max_position_embeddings=64, **size)).save_pretrained(str(plain))
    transformer = Transformer(str(plain), max_seq_length=64)
    SentenceTransformer(modules=[transformer, Pooling(16)], device="cpu").save(str(folder))
    return folder


@pytest.mark.slow
def test_a_folder_holds_an_encoder_that_tells_questions_from_passages(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder = _encoder_in(tmp_path / "one" / "tiny-e5", seed=1)
    model = embedder(f"sentence-transformers:{folder}")
    assert model.model.startswith("sentence-transformers:tiny-e5@")
    assert (model.dimensions, model.is_remote) == (16, False)
    texts = ["первый снег", "", "когда откроют метро"]
    passages, queries = model.embed(texts), model.embed(texts, kind="query")
    np.testing.assert_allclose(np.linalg.norm(passages, axis=1), [1, 0, 1], rtol=1e-6)
    assert np.abs(passages - queries)[[0, 2]].max() > 1e-3
    np.testing.assert_allclose(
        passages, unit_rows(model.encoder.encode([f"passage: {text}" for text in texts]) * [[1], [0], [1]]), atol=1e-5
    )
    np.testing.assert_allclose(model.embed(["первый снег"]), passages[:1], atol=1e-5)
    assert model.embed([]).shape == (0, 16)
    # the same files elsewhere are the same model, other weights are another
    moved = folder.rename(tmp_path / "tiny-e5")
    assert embedder(f"sentence-transformers:{moved}").model == model.model
    other = _encoder_in(tmp_path / "two" / "tiny-e5", seed=2)
    assert embedder(f"sentence-transformers:{other}").model != model.model
    next(other.rglob("model.safetensors")).write_bytes(b"broken")
    with pytest.raises(EmbedderError, match="is on disk and cannot be loaded"):
        embedder(f"sentence-transformers:{other}")
