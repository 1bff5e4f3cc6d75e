/* Tables as files that a spreadsheet opens: UTF-8 with its mark, raw numbers. */

const QUOTED = /[",\r\n]/;
const FORMULA = /^[=+\-@\t]/;
const NUMBER = /^-?\d+(\.\d+)?$/;

function cell(value) {
  if (typeof value === 'bigint' || typeof value === 'number') return String(value);
  const text = FORMULA.test(value) && !NUMBER.test(value) ? `'${value}` : value;
  return QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/* rows: arrays of text and numbers, the first the heads. */
export function saveCsv(name, rows) {
  const text = `\ufeff${rows.map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }));
  link.download = `${name}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}
