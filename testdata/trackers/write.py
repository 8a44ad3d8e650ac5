"""Programs as people have them: each logs the same curves with the real code of one tool, and knows nothing of the harness.

    write.py TOOL --lr 0.1 --seed 0 --out DIR

TOOL is tensorboard, tensorboard2, tensorboardx, lightning, trainer, wandb, mlflow, mlflow_files or neptune. Lightning's logger is loaded from its own file with stand-ins for what it imports
of torch, which has no part in writing. numbers(lr, seed) is what is logged.
"""

import argparse
import importlib.util
import math
import os
import sys
import types


def numbers(lr, seed, steps=5):
    for step in range(steps):
        loss = 1 / (1 + lr * step) + seed / 64
        yield step, {"train/loss": loss, "val/acc": 1 - loss / 2}
    yield steps, {"train/loss": math.nan, "val/acc": math.inf}
    yield steps + 1, {"train/loss": 0.25 + lr, "val/acc": 0.5 + lr + seed / 128}


def tensorboard(a):
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    w = EventFileWriter(a.out)
    for step, values in numbers(a.lr, a.seed):
        for name, value in values.items():
            w.add_event(Event(wall_time=1700000000 + step, step=step, summary=Summary(value=[Summary.Value(tag=name, simple_value=value)])))
        w.flush()
    w.close()


def tensorboard2(a):
    """As TensorFlow 2 writes: tensors of the plugin scalars, and the plugin hparams."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2
    from tensorboard.plugins.hparams import metadata as hparams
    from tensorboard.plugins.scalar import metadata
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
    from tensorboard.util import tensor_util

    w = EventFileWriter(a.out)
    start = plugin_data_pb2.SessionStartInfo(start_time_secs=1700000000)
    for name, value in {"lr": a.lr, "seed": a.seed}.items():
        start.hparams[name].number_value = value
    start.hparams["opt"].string_value = "adam"
    start.hparams["nesterov"].bool_value = True
    end = plugin_data_pb2.SessionEndInfo(status=api_pb2.STATUS_SUCCESS, end_time_secs=1700000010)

    def session(tag, **data):
        info = hparams.create_summary_metadata(plugin_data_pb2.HParamsPluginData(**data))
        return Summary(value=[Summary.Value(tag=tag, metadata=info, tensor=hparams.NULL_TENSOR)])

    w.add_event(Event(wall_time=1700000000, summary=session(hparams.SESSION_START_INFO_TAG, session_start_info=start)))
    for step, values in numbers(a.lr, a.seed):
        for name, value in values.items():
            one = Summary.Value(tag=name, tensor=tensor_util.make_tensor_proto(value, dtype="float32"), metadata=metadata.create_summary_metadata("", ""))
            w.add_event(Event(wall_time=1700000000 + step, step=step, summary=Summary(value=[one])))
    w.add_event(Event(wall_time=1700000010, summary=session(hparams.SESSION_END_INFO_TAG, session_end_info=end)))
    w.close()


def tensorboardx(a):
    from tensorboardX import SummaryWriter

    w = SummaryWriter(a.out)
    for step, values in numbers(a.lr, a.seed):
        for name, value in values.items():
            w.add_scalar(name, value, step, walltime=1700000000 + step)
    w.add_text("config", "some text")
    w.add_histogram("weights", [1.0, 2.0, 3.0], 1)
    w.add_hparams({"lr": a.lr, "seed": a.seed}, {"final/acc": 0.5 + a.lr})
    w.close()


def lightning(a):
    CSVLogger = lightning_logger()
    logger = CSVLogger(a.out, name="lightning_logs", flush_logs_every_n_steps=2)
    for step, values in numbers(a.lr, a.seed):
        logger.log_metrics({"train/loss": values["train/loss"], "epoch": 0}, step)
        if step % 2 == 0:
            logger.log_metrics({"val/acc": values["val/acc"], "epoch": 0}, step)
    logger.save()
    logger.finalize("success")


def lightning_logger():
    import fsspec  # a dependency of lightning-fabric

    torch = types.ModuleType("torch")
    torch.Tensor = type("Tensor", (), {})
    logger = types.ModuleType("lightning_fabric.loggers.logger")
    logger.Logger = type("Logger", (), {"__init__": lambda self: None, "finalize": lambda self, status: None, "save": lambda self: None})
    logger.rank_zero_experiment = lambda fn: fn
    cloud = types.ModuleType("lightning_fabric.utilities.cloud_io")
    cloud._is_dir = lambda fs, path, strict=False: fs.isdir(path)
    cloud._is_local_file_protocol = lambda path: True
    cloud.get_filesystem = lambda path, **kwargs: fsspec.core.url_to_fs(str(path))[0]
    names = {
        "torch": torch,
        "lightning_fabric.loggers.logger": logger,
        "lightning_fabric.utilities.cloud_io": cloud,
        "lightning_fabric.utilities.logger": types.SimpleNamespace(_add_prefix=lambda metrics, prefix, separator: metrics),
        "lightning_fabric.utilities.rank_zero": types.SimpleNamespace(rank_zero_only=lambda fn: fn, rank_zero_warn=print),
        "lightning_fabric.utilities.types": types.SimpleNamespace(_PATH=str),
    }
    for name in ["lightning_fabric", "lightning_fabric.loggers", "lightning_fabric.utilities"]:
        names[name] = types.ModuleType(name)
        names[name].__path__ = []
    root = os.path.dirname(importlib.util.find_spec("lightning_fabric").origin)
    sys.modules.update(names)
    spec = importlib.util.spec_from_file_location("lightning_fabric.loggers.csv_logs", os.path.join(root, "loggers", "csv_logs.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CSVLogger


def trainer(a):
    from transformers.trainer_callback import TrainerState

    state = TrainerState(max_steps=7)
    for step, values in numbers(a.lr, a.seed):
        state.global_step = step
        state.log_history.append({"loss": values["train/loss"], "epoch": step / 7, "step": step})
        state.log_history.append({"eval_acc": values["val/acc"], "epoch": step / 7, "step": step})
        if step in (2, 5):
            folder = os.path.join(a.out, f"checkpoint-{step}")
            os.makedirs(folder)
            state.save_to_json(os.path.join(folder, "trainer_state.json"))
    os.makedirs(a.out, exist_ok=True)
    state.save_to_json(os.path.join(a.out, "trainer_state.json"))


def wandb(a):
    os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true", WANDB_DISABLE_CODE="true", WANDB_DISABLE_GIT="true")
    import wandb

    os.makedirs(a.out, exist_ok=True)
    run = wandb.init(project="p", dir=a.out, config={"lr": a.lr, "seed": a.seed, "model": {"width": 8}}, id=f"r{a.lr}-{a.seed}", name=f"lr {a.lr}",
                     settings=wandb.Settings(host="host", disable_git=True, x_disable_stats=True, x_disable_meta=True, console="off"))
    for step, values in numbers(a.lr, a.seed):
        run.log({name.replace("/", "."): value for name, value in values.items()} | {"table": "text", "train": {"nested": step}})
    run.summary["best"] = 0.5 + a.lr
    run.finish()


def mlflow(a, uri=None):
    os.makedirs(a.out, exist_ok=True)
    from mlflow.tracking import MlflowClient

    client = MlflowClient(uri or "sqlite:///" + os.path.join(os.path.abspath(a.out), "mlflow.db"))
    experiment = client.get_experiment_by_name("p")
    experiment = experiment.experiment_id if experiment else client.create_experiment("p")
    run = client.create_run(experiment, run_name=f"lr {a.lr}", start_time=1700000000000, tags={"team": "a"}).info.run_id
    for name, value in {"lr": a.lr, "seed": a.seed, "opt": "adam", "nesterov": True}.items():
        client.log_param(run, name, value)
    for step, values in numbers(a.lr, a.seed):
        for name, value in values.items():
            client.log_metric(run, name, value, timestamp=1700000000000 + step, step=step)
    client.set_terminated(run, end_time=1700000010000)


def mlflow_files(a):
    """The store of MLflow up to 3.12."""
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    mlflow(a, os.path.join(os.path.abspath(a.out), "mlruns"))


def neptune(a):
    """With the schema and the library of Neptune's exporter, which needs an account."""
    import datetime
    from decimal import Decimal

    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([
        ("project_id", pa.string()), ("run_id", pa.string()), ("attribute_path", pa.string()), ("attribute_type", pa.string()),
        ("step", pa.decimal128(18, 6)), ("timestamp", pa.timestamp("ms", tz="UTC")), ("int_value", pa.int64()), ("float_value", pa.float64()),
        ("string_value", pa.string()), ("bool_value", pa.bool_()), ("datetime_value", pa.timestamp("ms", tz="UTC")),
        ("string_set_value", pa.list_(pa.string())), ("file_value", pa.struct([("path", pa.string())])),
        ("histogram_value", pa.struct([("type", pa.string()), ("edges", pa.list_(pa.float64())), ("values", pa.list_(pa.float64()))])),
    ])
    start = datetime.datetime(2025, 12, 1, tzinfo=datetime.timezone.utc)
    run = {"project_id": "team/p", "run_id": f"RUN-{a.lr}-{a.seed}"}

    def row(path, kind, **values):
        return {name: None for name in schema.names} | run | {"attribute_path": path, "attribute_type": kind} | values

    rows = [
        row("sys/name", "string", string_value=f"lr {a.lr}"), row("sys/creation_time", "datetime", datetime_value=start),
        row("sys/failed", "bool", bool_value=a.seed == 2), row("sys/tags", "string_set", string_set_value=["a", "b"]),
        row("parameters/lr", "float", float_value=a.lr), row("seed", "int", int_value=a.seed), row("opt", "string", string_value="adam"),
        row("nesterov", "bool", bool_value=True), row("note", "string_series", step=Decimal("1.000000"), timestamp=start, string_value="x"),
        row("half", "float_series", step=Decimal("0.500000"), timestamp=start, float_value=1.0),
        row("monitoring/cpu", "float_series", step=Decimal("0.000000"), timestamp=start, float_value=1.0),
        row("weights", "file", file_value={"path": "w.bin"}),
    ]
    for step, values in numbers(a.lr, a.seed):
        for name, value in values.items():
            rows.append(row(name, "float_series", step=Decimal(step).quantize(Decimal("1.000000")), timestamp=start + datetime.timedelta(seconds=step), float_value=value))
    folder = os.path.join(a.out, "team_p")
    os.makedirs(folder, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), os.path.join(folder, f"RUN-{a.lr}-{a.seed}_part_0.parquet"), compression="snappy")


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("tool")
    p.add_argument("--lr", type=float, default=0.1)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--out", required=True)
    a = p.parse_args()
    globals()[a.tool](a)
