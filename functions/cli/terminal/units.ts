import prettyBytes from 'pretty-bytes'

export const bytesText = (bytes: number): string => prettyBytes(bytes, { binary: true })

export const countText = (count: number): string => count.toLocaleString('en')

/** Returns a count and its noun, for example `1 job` or `2 jobs`. */
export const counted = (count: number, noun: string): string => `${countText(count)} ${noun}${count === 1 ? '' : 's'}`

/** Returns a time in UTC, in seconds. */
export const timeText = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 19)}Z`

/** Replaces the times in a text of the API, which are in ISO 8601, by their usual text. */
export const withTimeTexts = (text: string): string =>
  text.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, (iso) => timeText(iso))

/** Returns the two largest units of a duration, for example `1 h 20 min`. */
export const durationText = (seconds: number): string => {
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  const s = Math.round(seconds)
  if (s < 60) return `${s} s`
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`
}
