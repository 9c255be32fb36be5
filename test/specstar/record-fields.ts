import { encodeMsgpack } from '../../shared/specstar/msgpack-writer.ts'
import { Timestamp } from '../../shared/specstar/timestamp.ts'

/** Encodes fields as a map of msgpack. */
export const encodeFields = (fields: object): Buffer => encodeMsgpack(new Map<string, unknown>(Object.entries(fields)))

export const UID = '0b5e2f0a-8d1c-4a3e-9f10-abcdefABCDEF'
export const NOON = new Timestamp('2026-01-05T12:00:00Z')
export const NINE = '2026-01-05T09:00:00'

/** The indexed values of a resource. */
export const indexed = new Map<string, unknown>([
  ['10', 1n],
  ['level', 1],
])

/** The required fields of the info of a revision. */
export const INFO = {
  uid: UID,
  resource_id: 'a',
  revision_id: 'a:2',
  status: 'stable',
  created_time: NOON,
  updated_time: NINE,
  created_by: 'ann',
  updated_by: 'bob',
}

/** Encodes a record of a revision. */
export const revision = (info: unknown, payload: unknown = Buffer.from('{}')): Buffer =>
  encodeFields({ info, raw_data: payload })
export const infoMap = (fields: object): Map<string, unknown> => new Map(Object.entries(fields))
