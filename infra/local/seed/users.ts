import { pick } from './content-hash.ts'

/** A made-up user who changes resources. */
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

/** Returns the user who made a revision. Most first revisions come from an import, all later ones from people. */
export const userOf = (revisionId: string, n: number): User =>
  n === 1 && pick(revisionId, 4) !== 0 ? IMPORTER : (USERS[pick(`${revisionId} user`, USERS.length)] ?? IMPORTER)

const twoDigits = (n: number): string => String(n).padStart(2, '0')

/**
 * Formats a time as ISO 8601 in the time zone of a user, with six fractional digits unless `micros` is 0.
 * `seconds` counts from 1970.
 */
export const timeText = (seconds: number, micros: number, { zone }: User): string => {
  const local = new Date((seconds + zone * 60) * 1000).toISOString().slice(0, 19)
  const fraction = micros === 0 ? '' : `.${String(micros).padStart(6, '0')}`
  if (zone === 0) return `${local}${fraction}Z`
  const minutes = Math.abs(zone)
  return `${local}${fraction}${zone < 0 ? '-' : '+'}${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`
}
