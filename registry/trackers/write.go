package trackers

import "fmt"

// Format is a form that runs are written in.
type Format string

const (
	ToMLflow      Format = "mlflow"       // mlflow.db
	ToMLflowFiles Format = "mlflow-files" // mlruns/, as MLflow up to 3.12 kept runs
	ToTensorBoard Format = "tensorboard"  // a folder of event files for each run
	ToCSV         Format = "csv"          // points.csv and trials.csv
	ToParquet     Format = "parquet"      // points.parquet and trials.parquet
)

// WrittenFormats lists those that can be written.
var WrittenFormats = [...]Format{ToMLflow, ToMLflowFiles, ToTensorBoard, ToCSV, ToParquet}

// Writer writes runs, one after the other. Close ends the files; remarks say what the format could not hold.
type Writer interface {
	Add(Run) error
	Close() (remarks []string, err error)
}

// Create begins to write runs in a format into the folder dir, which is empty.
func Create(format Format, dir string) (Writer, error) {
	switch format {
	case ToMLflow:
		return newMLflowWriter(dir)
	case ToMLflowFiles:
		return newStoreWriter(dir)
	case ToTensorBoard:
		return &eventWriter{dir: dir}, nil
	case ToCSV:
		return newTableWriter(dir, newCSVSink)
	case ToParquet:
		return newTableWriter(dir, newParquetSink)
	}
	return nil, fmt.Errorf("unknown format %q: want one of %q", format, WrittenFormats)
}
