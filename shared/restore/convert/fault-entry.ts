import type { EntryCorruptError } from '../../archive/errors.ts'
import { idHashOf } from '../../resources/keys.ts'
import { quote } from '../../values/message-text.ts'
import { ScanFault } from '../messages/convert.ts'

/** What is wrong with a record, and where it is in the stream. */
export type FaultReason = Pick<ScanFault, 'reason' | 'corrupt'>

/** The first byte of the body of a fault. The other bodies are JSON objects, so they begin with `{`. */
const MARK = Buffer.from('!')

/** Encodes a fault as the body of an entry of a sorted run. */
export const encodeFault = (fault: ScanFault): Buffer => Buffer.concat([MARK, Buffer.from(JSON.stringify(fault))])

/** Returns the fault that a body contains. Undefined if the body is a record line or the location of a content. */
export const decodeFault = (body: Buffer): ScanFault | undefined =>
  body[0] === MARK[0] ? ScanFault.parse(JSON.parse(body.toString('utf8', 1))) : undefined

/**
 * Returns the key that sorts a fault directly before the records of its resource. An empty id sorts before all
 * resources of the model.
 */
export const faultKey = (model: string, resourceId: string): Buffer =>
  Buffer.from(resourceId === '' ? `${model}\0` : `${model}\0${idHashOf(resourceId)}/${resourceId}`)

/** Returns an object with those members of a `ScanFault` that describe a wrong checksum. */
export const checksumFault = ({ entry, expected, actual }: EntryCorruptError): FaultReason => ({
  reason: `${entry}: expected xxh3_128 ${hashText(expected)}, found ${hashText(actual)}`,
  corrupt: { entry, expected, actual },
})

/** Returns the digits of an XXH3-128, which is `xxh3_128:` and digits in `data_hash`. Quotes any other text. */
const hashText = (hash: string): string => {
  const digits = hash.replace(/^xxh3_128:/, '')
  return /^[0-9a-f]{32}$/.test(digits) ? digits : quote(hash)
}
