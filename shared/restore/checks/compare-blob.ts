import { type PropertyDifference, propertyDifferences } from '../../blobs/property-differences.ts'
import { quote } from '../../values/message-text.ts'
import type { Finding } from '../messages/finding.ts'
import type { ComparedBlob } from './check.ts'

/**
 * Compares a blob or spilled payload of the archive with the stored object. Returns a finding if the object is missing
 * or has another size, SHA-256 or headers. Otherwise returns `undefined`.
 */
export const compareBlob = ({ blob, stored }: ComparedBlob): Finding | undefined => {
  const { kind, id, size, sha256, models } = blob
  const finding = (what: string, expected: string, actual: string): Finding => ({
    model: models.join(', '),
    resource_id: '',
    what: `${kind} ${id} ${what}`,
    expected,
    actual,
  })
  const archived = `${size} bytes, sha256 ${sha256}`
  if (stored === undefined) return finding('is missing', archived, 'absent')
  const actual = `${stored.object.size} bytes, sha256 ${stored.sha256}`
  if (actual !== archived) return finding('has other bytes', archived, actual)
  const differences = stored.properties === undefined ? [] : propertyDifferences(blob, stored.properties)
  if (differences.length === 0) return undefined
  return finding('has other headers', describe(differences, 'archived'), describe(differences, 'stored'))
}

/**
 * Describes the headers without their values, because findings are stored in reports. The content type is stated,
 * because it is the type of the blob.
 */
const describe = (differences: readonly PropertyDifference[], side: 'archived' | 'stored'): string =>
  differences
    .map(({ name, [side]: value }) => {
      if (value === undefined) return `${name}: absent`
      if (name === 'content-type') return `${name}: ${quote(value)}`
      return `${name}: ${side === 'archived' ? 'the archived value' : 'another value'}, ${Buffer.byteLength(value)} bytes`
    })
    .join(', ')
