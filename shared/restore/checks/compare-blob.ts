import type { Finding } from '../messages/finding.ts'
import type { ComparedBlob } from './check.ts'

/**
 * Returns a finding if the store does not have a blob or spilled payload, or has it with another size or SHA-256.
 * Otherwise it returns `undefined`.
 */
export const compareBlob = ({ blob, stored }: ComparedBlob): Finding | undefined => {
  const { kind, id, size, sha256, models } = blob
  const expected = `${size} bytes, sha256 ${sha256}`
  const actual = stored === undefined ? 'absent' : `${stored.object.size} bytes, sha256 ${stored.sha256}`
  if (actual === expected) return undefined
  const what = `${kind} ${id} ${stored === undefined ? 'is missing' : 'has other bytes'}`
  return { model: models.join(', '), resource_id: '', what, expected, actual }
}
