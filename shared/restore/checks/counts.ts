import { sortKeyOf } from '../../tables/item.ts'
import type { VerificationCheck } from './check.ts'

/**
 * Checks that the store has every archived resource and revision. Also checks, for each model, that the number of
 * loaded and skipped resources equals the number of selected resources.
 */
export const counts = {
  name: 'counts',

  checkResources: ({ model }, findings) => ({
    check: ({ archived, stored }) => {
      findings.addChecked(1 + archived.revisions.size)
      const fail = (what: string): void => {
        const finding = { model: model.name, resource_id: archived.id, expected: 'present', actual: 'absent' }
        findings.fail({ ...finding, what })
      }
      if (stored.state === 'missing') fail('resource is missing')
      else if (stored.state === 'torn') fail(`revision ${stored.currentRevisionId} is missing`)
      else if (stored.state === 'read') {
        const found = new Set(stored.revisions.map(sortKeyOf))
        for (const [sk, { id }] of archived.revisions) if (!found.has(sk)) fail(`revision ${id} is missing`)
      }
    },
  }),

  checkRestore: ({ models }, findings) => {
    for (const [model, { selected, loaded, skipped }] of Object.entries(models)) {
      const handled = loaded + skipped
      if (handled === selected) continue
      const finding = { model, resource_id: '', what: 'number of loaded and skipped resources' }
      findings.fail({ ...finding, expected: `${selected}`, actual: `${handled}` })
    }
  },
} as const satisfies VerificationCheck
