/* Where each of the 34 provinces stands in a grid of Viet Nam's shape, from north to south: code → [column, row]. */

const ROWS = [
  ['12', '15', '08', '04', ''],
  ['11', '14', '19', '20', ''],
  ['', '25', '01', '24', '22'],
  ['', '', '37', '33', '31'],
  ['', '38', '', '', ''],
  ['', '40', '42', '', ''],
  ['', '', '44', '46', ''],
  ['', '', '', '48', '51'],
  ['', '', '', '52', '66'],
  ['', '80', '75', '68', '56'],
  ['91', '82', '79', '', ''],
  ['96', '92', '86', '', ''],
];

export const COLUMNS = ROWS[0].length;
export const PLACES = new Map(
  ROWS.flatMap((codes, row) => codes.map((code, column) => [code, [column + 1, row + 1]])).filter(([code]) => code),
);
