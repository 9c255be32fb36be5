import { quote } from '../../values/message-text.ts'
import type { RunEntry } from './run-entry.ts'

/**
 * Compares two records with the same key. Only the first of them is converted. Returns undefined if both are revisions
 * with the same content, because SpecStar's memory store exports migrated revisions twice. Otherwise, returns the
 * reason why the resource cannot be restored.
 */
export const repeatedFault = (
  kind: 'metadata' | 'revision',
  sk: string,
  first: RunEntry,
  second: RunEntry,
): string | undefined => {
  if (kind === 'metadata') return `the resource occurs twice, first at byte ${first.offset}`
  return first.body.equals(second.body)
    ? undefined
    : `revision ${quote(sk)} occurs twice with different content, first at byte ${first.offset}`
}
