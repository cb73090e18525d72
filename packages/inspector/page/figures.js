// Figures as people read them, and where they stand on the one scale that all bars share.

/**
 * A time as text: three digits, in the unit that suits it.
 *
 * @param {number} milliseconds
 */
export function timeText(milliseconds) {
  if (milliseconds < 1000) return `${threeDigits(milliseconds)} ms`;
  if (milliseconds < 600_000) return `${threeDigits(milliseconds / 1000)} s`;
  return `${threeDigits(milliseconds / 60_000)} min`;
}

/**
 * How much of the engine's deadline a call took.
 *
 * @param {number} milliseconds
 * @param {number | null} deadlineMs
 */
export function shareText(milliseconds, deadlineMs) {
  if (deadlineMs === null) return "no deadline";
  const percent = (milliseconds / deadlineMs) * 100;
  const of = `of ${timeText(deadlineMs)}`;
  if (percent < 0.1) return `< 0.1 % ${of}`;
  return percent > 100 ? `over ${timeText(deadlineMs)}` : `${threeDigits(percent, 2)} % ${of}`;
}

/**
 * A size as text.
 *
 * @param {number} bytes
 */
export function sizeText(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024 ? `${threeDigits(bytes / 1024)} KiB` : `${threeDigits(bytes / 1024 / 1024)} MiB`;
}

/**
 * A number with its noun.
 *
 * @param {number} number
 * @param {string} noun
 */
export function countText(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

/** A tenth of a millisecond to a hundred seconds: six decades, each as wide as the next. */
const [first, decades] = [-1, 6];

/**
 * Where a time stands on the scale, from 0 to 1.
 *
 * @param {number} milliseconds
 */
export function placeOnScale(milliseconds) {
  const place = (Math.log10(Math.max(milliseconds, Number.MIN_VALUE)) - first) / decades;
  return Math.min(1, Math.max(0, place));
}

/**
 * @param {number} value
 * @param {number} [digits]
 */
function threeDigits(value, digits = 3) {
  const whole = Math.max(1, Math.ceil(Math.log10(value + 1e-9)));
  return String(Number(value.toFixed(Math.max(0, Math.min(2, digits - whole)))));
}
