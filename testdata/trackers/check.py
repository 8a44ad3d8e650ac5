"""What the tools themselves read in folders that "harness export --to" wrote, as JSON: {trial: {metric: [[step, value], …]}}.

    check.py mlflow|mlflow_files|tensorboard|tensorboard_server|parquet DIR
"""

import json
import os
import sys


def mlflow(dir, uri=None):
    from mlflow.tracking import MlflowClient

    client = MlflowClient(uri or "sqlite:///" + os.path.join(dir, "mlflow.db"))
    found = {}
    for experiment in client.search_experiments():
        for run in client.search_runs([experiment.experiment_id], max_results=1000):
            curves = {}
            for name in run.data.metrics:
                points = client.get_metric_history(run.info.run_id, name)
                curves[name] = sorted([p.step, p.value] for p in points)
                last = max(points, key=lambda p: p.step)
                assert repr(last.value) == repr(run.data.metrics[name]), (name, last.value, run.data.metrics[name])
            found[run.data.tags["harness.trial"]] = {"curves": curves, "params": run.data.params, "state": run.info.status}
    return found


def mlflow_files(dir):
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    return mlflow(dir, os.path.join(os.path.abspath(dir), "mlruns"))


def tensorboard(dir):
    """As TensorBoard's own code reads them in Python, with the plugin hparams."""
    from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
    from tensorboard.context import RequestContext
    from tensorboard.data import provider as base
    from tensorboard.plugins.hparams import backend_context, metadata

    mux = plugin_event_multiplexer.EventMultiplexer(tensor_size_guidance={"scalars": 0})
    mux.AddRunsFromDirectory(dir)
    mux.Reload()
    provider = data_provider.MultiplexerDataProvider(mux, dir)
    context = RequestContext()
    found = {}
    scalars = provider.read_scalars(context, experiment_id="e", plugin_name="scalars", downsample=10**6)
    for run, tags in scalars.items():
        found[run] = {"curves": {tag: [[d.step, d.value] for d in data] for tag, data in tags.items()}}
    hparams = backend_context.Context(base and type("TB", (), {"data_provider": provider})())
    for run, tags in hparams.hparams_metadata(context, "e").items():
        start = metadata.parse_session_start_info_plugin_data(tags[metadata.SESSION_START_INFO_TAG])
        values = {k: getattr(v, v.WhichOneof("kind")) for k, v in start.hparams.items()}
        found[run]["params"] = values
        end = metadata.parse_session_end_info_plugin_data(tags[metadata.SESSION_END_INFO_TAG])
        found[run]["state"] = end.status
    return found


def tensorboard_server(dir):
    """What the page shows: the answers of the server, which reads with the data server in Rust where that is installed."""
    import re
    import subprocess
    import time
    import urllib.parse
    import urllib.request

    server = subprocess.Popen([sys.executable, "-m", "tensorboard.main", "--logdir", dir, "--port", "0", "--host", "127.0.0.1", "--load_fast", "auto"],
                              stderr=subprocess.PIPE, text=True)
    try:
        for line in server.stderr:
            if url := re.search(r"http://[^ ]*:\d+/", line):
                break

        def ask(path, **query):
            return json.load(urllib.request.urlopen(url[0] + "data/" + path + "?" + urllib.parse.urlencode(query)))

        for _ in range(100):  # it loads in the background
            tags = ask("plugin/scalars/tags")
            if len(tags) == len(os.listdir(dir)):
                break
            time.sleep(0.2)
        return {run: {"curves": {tag: [[step, value] for _, step, value in ask("plugin/scalars/scalars", run=run, tag=tag)] for tag in tags[run]}} for run in tags}
    finally:
        server.terminate()
        server.wait()


def parquet(dir):
    import pyarrow.parquet as pq

    found = {}
    for row in pq.read_table(os.path.join(dir, "trials.parquet")).to_pylist():
        found[row["trial"]] = {"curves": {}, "state": row["state"], "params": {k[7:]: v for k, v in row.items() if k.startswith("params.")}}
    for row in pq.read_table(os.path.join(dir, "points.parquet")).to_pylist():
        found[row["trial"]]["curves"].setdefault(row["metric"], []).append([row["step"], row["value"]])
    return found


print(json.dumps(globals()[sys.argv[1]](sys.argv[2])))
