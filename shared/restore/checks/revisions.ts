import { MetadataView, RevisionView } from '../../resources/views.ts'
import { type Item, sortKeyOf } from '../../tables/item.ts'
import type { ArchivedResource, VerificationCheck } from './check.ts'

/**
 * Checks that each stored resource has exactly the archived revisions, that the parents of these revisions are as
 * archived, and that the current revision exists.
 */
export const revisions = {
  name: 'revisions',

  checkResources: ({ model }, findings) => ({
    check: ({ archived, stored }) => {
      findings.addChecked(archived.revisions.size)
      const fail: Fail = (what, expected, actual) => {
        findings.fail({ model: model.name, resource_id: archived.id, what, expected, actual })
      }
      if (stored.state === 'torn') fail('current revision is missing', stored.currentRevisionId, 'absent')
      if (stored.state !== 'read') return
      compareRevisions(archived, stored.revisions, fail)
      const current = new MetadataView(stored.metadata).currentRevisionId ?? ''
      if (!stored.revisions.some((item) => new RevisionView(item).revisionId === current))
        fail('current revision is missing', current, 'absent')
    },
  }),
} as const satisfies VerificationCheck

type Fail = (what: string, expected: string, actual: string) => void

const compareRevisions = ({ revisions: archived }: ArchivedResource, stored: readonly Item[], fail: Fail): void => {
  const found = new Map(stored.map((item) => [sortKeyOf(item), new RevisionView(item)]))
  for (const [sk, { id, parent }] of archived) {
    const revision = found.get(sk)
    if (revision === undefined) fail(`revision ${id} is missing`, 'present', 'absent')
    else if ((revision.parentRevisionId ?? 'none') !== parent)
      fail(`parent of revision ${id}`, parent, revision.parentRevisionId ?? 'none')
  }
  for (const [sk, { revisionId = sk }] of found)
    if (!archived.has(sk)) fail(`revision ${revisionId} is not in the archive`, 'absent', 'present')
}
