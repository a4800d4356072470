/** Days as `<input type="date">` has them, in the technician's own time zone. */

/** The first moment of the day as RFC 3339 text; undefined for what is no day. */
export function dayStart(day: string): string | undefined {
  return moment(`${day}T00:00:00`);
}
/** Its last millisecond. */
export function dayEnd(day: string): string | undefined {
  return moment(`${day}T23:59:59.999`);
}

function moment(local: string): string | undefined {
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}
