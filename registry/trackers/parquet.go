package trackers

import (
	"os"
	"time"

	"github.com/parquet-go/parquet-go"
)

// parquetSink writes Parquet; what is absent is null.
type parquetSink struct {
	file    *os.File
	out     *parquet.GenericWriter[any]
	at      []int // column index of each value
	columns []column
	rows    []parquet.Row
}

func newParquetSink(path string, columns []column) (sink, error) {
	group := parquet.Group{}
	for _, c := range columns {
		group[c.name] = parquet.Optional(parquetType(c.kind))
	}
	schema := parquet.NewSchema("harness", group)
	file, err := os.Create(path + ".parquet")
	if err != nil {
		return nil, err
	}
	s := &parquetSink{file: file, columns: columns, out: parquet.NewGenericWriter[any](file, schema, parquet.Compression(&parquet.Zstd))}
	for _, c := range columns {
		leaf, _ := schema.Lookup(c.name) // it was just made of them
		s.at = append(s.at, leaf.ColumnIndex)
	}
	return s, nil
}

func parquetType(k kind) parquet.Node {
	switch k {
	case wholeKind:
		return parquet.Int(64)
	case floatKind:
		return parquet.Leaf(parquet.DoubleType)
	case boolKind:
		return parquet.Leaf(parquet.BooleanType)
	case timeKind:
		return parquet.Timestamp(parquet.Millisecond)
	}
	return parquet.String()
}

func (s *parquetSink) row(values []any) error {
	row := make(parquet.Row, len(values))
	for i, value := range values {
		v := parquet.NullValue()
		switch value := value.(type) {
		case string:
			v = parquet.ByteArrayValue([]byte(value))
		case int64:
			v = parquet.Int64Value(value)
		case float64:
			v = parquet.DoubleValue(value)
		case bool:
			v = parquet.BooleanValue(value)
		case time.Time:
			v = parquet.Int64Value(value.UnixMilli())
		}
		defined := 1
		if v.IsNull() {
			defined = 0
		}
		row[s.at[i]] = v.Level(0, defined, s.at[i])
	}
	const batch = 1000
	if s.rows = append(s.rows, row); len(s.rows) < batch {
		return nil
	}
	return s.flush()
}

func (s *parquetSink) flush() error {
	_, err := s.out.WriteRows(s.rows)
	s.rows = s.rows[:0]
	return err
}

func (s *parquetSink) close() error {
	err := s.flush()
	if err == nil {
		err = s.out.Close()
	}
	if closeErr := s.file.Close(); err == nil {
		err = closeErr
	}
	return err
}
