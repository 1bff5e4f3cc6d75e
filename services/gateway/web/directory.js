/* Where a unit lies: its full name, and the province above a commune, whose code does not tell it. */

async function unitOf(code) {
  const response = await fetch('/ansinh.v1.Directory/GetUnit', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ code }),
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return (await response.json()).unit;
}

/* { self, province }, either of them null when it is not known: the page works without. */
export async function locate(code) {
  const place = { self: null, province: null };
  try {
    place.self = await unitOf(code);
    if (place.self.level === 'UNIT_LEVEL_COMMUNE') place.province = await unitOf(place.self.parentCode);
  } catch (error) {
    console.info(`directory does not answer for ${code}: ${error.message}`);
  }
  return place;
}
