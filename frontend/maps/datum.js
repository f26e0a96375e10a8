/* GCJ-02, the shifted degrees of Chinese map services: the same formulas as grids/coordinates.py, which
   says where they are from. A test holds the two to each other. */
const AXIS = 6378245;
const ECCENTRICITY = 0.006693421622965943;
const [WEST, SOUTH, EAST, NORTH] = [72.004, 0.8293, 137.8347, 55.8271];
const { PI, sin, cos, sqrt, abs } = Math;

function waves(value, first, second) {
  return (
    ((20 * sin(value * PI) + 40 * sin((value / 3) * PI)) * 2) / 3 +
    ((first * sin((value / 12) * PI) + second * sin((value / 30) * PI)) * 2) / 3
  );
}

function shift(lon, lat) {
  const [x, y] = [lon - 105, lat - 35];
  const ripple = ((20 * sin(6 * x * PI) + 20 * sin(2 * x * PI)) * 2) / 3;
  const root = sqrt(abs(x));
  const north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + ripple + waves(y, 160, 320);
  const east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + ripple + waves(x, 150, 300);
  const radians = (lat * PI) / 180;
  const curve = 1 - ECCENTRICITY * sin(radians) ** 2;
  const degreeNorth = (((AXIS * (1 - ECCENTRICITY)) / (curve * sqrt(curve))) * PI) / 180;
  const degreeEast = ((AXIS / sqrt(curve)) * cos(radians) * PI) / 180;
  return [east / degreeEast, north / degreeNorth];
}

/** [lon, lat] of a WGS-84 point in GCJ-02; outside China they are the same. */
export function toGcj(lon, lat) {
  if (lon < WEST || lon > EAST || lat < SOUTH || lat > NORTH) return [lon, lat];
  const [east, north] = shift(lon, lat);
  return [lon + east, lat + north];
}

/** [lon, lat] of a GCJ-02 point in WGS-84. */
export function fromGcj(lon, lat) {
  if (lon < WEST || lon > EAST || lat < SOUTH || lat > NORTH) return [lon, lat];
  let [guessLon, guessLat] = [lon, lat];
  for (let round = 0; round < 12; round += 1) {
    const [thereLon, thereLat] = toGcj(guessLon, guessLat);
    const [offLon, offLat] = [thereLon - lon, thereLat - lat];
    guessLon -= offLon;
    guessLat -= offLat;
    if (abs(offLon) < 1e-11 && abs(offLat) < 1e-11) break;
  }
  return [guessLon, guessLat];
}
