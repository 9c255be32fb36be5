import { pick } from './content-hash.ts'

/** An invented user who changes resources. */
interface User {
  readonly name: string
  /** The time zone of the user's timestamps, in minutes east of UTC. */
  readonly zone: number
}

const USERS: readonly User[] = [
  { name: 'ada', zone: 0 },
  { name: 'bruno', zone: 60 },
  { name: 'chen', zone: 480 },
  { name: 'dita', zone: -180 },
  { name: 'esra', zone: 330 },
]
const IMPORTER: User = { name: 'import', zone: 0 }

/** Returns the user who created revision number `n`. Three of four first revisions were created by an import. */
export const userOf = (revisionId: string, n: number): User =>
  n === 1 && pick(revisionId, 4) !== 0 ? IMPORTER : (USERS[pick(`${revisionId} user`, USERS.length)] ?? IMPORTER)

const twoDigits = (n: number): string => String(n).padStart(2, '0')

/**
 * Formats a time as an ISO 8601 string in the time zone of a user. `seconds` is the time since 1970. Unless `micros` is
 * 0, the string has a fraction with six digits.
 */
export const timeText = (seconds: number, micros: number, { zone }: User): string => {
  const local = new Date((seconds + zone * 60) * 1000).toISOString().slice(0, 19)
  const fraction = micros === 0 ? '' : `.${String(micros).padStart(6, '0')}`
  if (zone === 0) return `${local}${fraction}Z`
  const minutes = Math.abs(zone)
  return `${local}${fraction}${zone < 0 ? '-' : '+'}${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`
}
