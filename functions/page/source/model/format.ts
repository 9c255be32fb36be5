const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const

/** Returns a size in decimal units with three digits, such as `14.3 MB`. */
export const bytes = (size: number): string => {
  const power = size < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(size) / 3))
  const value = size / 1000 ** power
  const digits = power === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2
  return `${value.toFixed(digits)} ${UNITS[power] ?? 'B'}`
}

export const count = (value: number): string => value.toLocaleString('en')

/** Returns `1 resource` or `2 resources`. */
export const plural = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? '' : 's'}`

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Returns a duration such as `0.5 s`, `42 s`, `3 min 20 s` or `2 h 5 min`. */
export const duration = (seconds: number): string => {
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < MINUTE) return `${whole} s`
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} min ${whole % MINUTE} s`
  if (whole < DAY) return `${Math.floor(whole / HOUR)} h ${Math.floor((whole % HOUR) / MINUTE)} min`
  return `${Math.floor(whole / DAY)} d ${Math.floor((whole % DAY) / HOUR)} h`
}

const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const STEPS: readonly (readonly [seconds: number, unit: Intl.RelativeTimeFormatUnit])[] = [
  [DAY, 'day'],
  [HOUR, 'hour'],
  [MINUTE, 'minute'],
]

/** Returns a time relative to now, such as `2 hours ago` or `in 5 minutes`. */
export const relative = (time: string, now: number): string => {
  const seconds = (Date.parse(time) - now) / 1000
  for (const [size, unit] of STEPS)
    if (Math.abs(seconds) >= size) return RELATIVE.format(Math.trunc(seconds / size), unit)
  return seconds > 0 ? 'in a moment' : 'just now'
}

/** Returns the start of a job id, which is enough to recognize it. Ids of schedules are shown whole. */
export const shortId = (jobId: string): string => (/^s-|^.{0,16}$/.test(jobId) ? jobId : `${jobId.slice(0, 8)}…`)
