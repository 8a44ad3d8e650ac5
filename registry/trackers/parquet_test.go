package trackers

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// parquetText is the columns metric and value, or the parameters lr, n, on and opt, of a file.
func parquetText(t *testing.T, path string) string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	p, err := openParquet(file, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	rows := p.RowGroups()[0].Rows()
	defer rows.Close()
	buffer := make([]parquet.Row, p.NumRows())
	n, _ := rows.ReadRows(buffer)
	for _, row := range buffer[:n] {
		var parts []string
		for _, name := range []string{"metric", "value", "params.lr", "params.n", "params.on", "params.opt"} {
			if column, ok := p.Schema().Lookup(name); ok {
				parts = append(parts, row[column.ColumnIndex].String())
			}
		}
		texts = append(texts, strings.Join(parts, " "))
	}
	return fmt.Sprintf("%d rows, %d columns: %s", p.NumRows(), len(p.Schema().Columns()), strings.Join(texts, ", "))
}
