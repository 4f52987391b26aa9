"""What the demo simulates, and what it runs."""

import importlib

from vitrina.settings import PRODUCTS

# the package's attribute of the same name hides the module
app = importlib.import_module("vitrina.cli.app")


def test_every_product_is_simulated_and_feedback_which_nobody_simulates_is_run_with_them(tmp_path, monkeypatch):
    simulated, run = [], []
    monkeypatch.setattr(app.launch, "run_module", lambda _settings, command, **_: simulated.append(command[2]))
    monkeypatch.setattr(app.launch, "put_demo_weights", lambda _settings: None)
    monkeypatch.setattr(app, "_run", lambda _settings, products: run.extend(products))
    app.demo(data=tmp_path)
    assert simulated == list(PRODUCTS)
    assert run == [*PRODUCTS, "feedback"]
