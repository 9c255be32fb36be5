import { pick } from './content-hash.ts'

/** Someone who wrote the sample data, with the zone of their clock in minutes east of UTC. */
interface User {
  readonly name: string
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

/** Who made a change: the first revision mostly comes from an import, what follows from people. */
export const userOf = (revisionId: string, n: number): User =>
  n === 1 && pick(revisionId, 4) !== 0 ? IMPORTER : (USERS[pick(`${revisionId} user`, USERS.length)] ?? IMPORTER)

const two = (n: number): string => String(n).padStart(2, '0')

/**
 * An instant as that user's server wrote it: ISO 8601 with the user's offset, and six digits of fraction where `micros` is
 * not 0. `seconds` are since 1970.
 */
export const timeText = (seconds: number, micros: number, { zone }: User): string => {
  const local = new Date((seconds + zone * 60) * 1000).toISOString().slice(0, 19)
  const fraction = micros === 0 ? '' : `.${String(micros).padStart(6, '0')}`
  if (zone === 0) return `${local}${fraction}Z`
  const minutes = Math.abs(zone)
  return `${local}${fraction}${zone < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}
