import { compareBlob } from './compare-blob.ts'
import type { VerificationCheck, VerifiedRestore } from './check.ts'

/**
 * Checks that the stored resources equal the archived resources. Compares the digest of each resource, the bytes of
 * each payload, and the digest of each model whose resources were all loaded.
 */
export const content = {
  name: 'content',

  checkResources: ({ model }, findings) => ({
    check: ({ archived, stored }) => {
      findings.addChecked(1)
      if (stored.state !== 'read') return
      const fail = (what: string, expected: string, actual: string): void => {
        findings.fail({ model: model.name, resource_id: archived.id, what, expected, actual })
      }
      if (!stored.digest.equals(archived.digest))
        fail('resource differs', archived.digest.toString('hex'), stored.digest.toString('hex'))
      for (const { revision, expected, actual } of stored.damagedPayloads)
        fail(`payload of revision ${revision}`, expected, actual)
    },
  }),

  // `checked` counts resources. A spilled payload is part of its resource, so it is not counted here.
  checkBlob: (compared, findings) => {
    const difference = compared.blob.kind === 'payload' ? compareBlob(compared) : undefined
    if (difference !== undefined) findings.fail(difference)
  },

  checkRestore: async (restore, findings) => {
    const { plan } = restore
    for (const finding of plan.converted?.findings ?? [])
      if (plan.models.includes(finding.model)) findings.reportSeparately(finding)
    const complete = completeModels(restore)
    if (complete.length === 0) return
    const manifest = await restore.manifest()
    for (const model of complete) {
      const expected = manifest.models[model]?.digest ?? ''
      const actual = await restore.storedDigest(model)
      if (actual !== expected) findings.fail({ model, resource_id: '', what: 'digest of the model', expected, actual })
    }
  },
} as const satisfies VerificationCheck

/**
 * Returns the models whose archived resources were all loaded. The digest of any other model cannot equal the digest in
 * the manifest.
 */
const completeModels = ({ plan, models }: VerifiedRestore): readonly string[] =>
  plan.unfiltered
    ? Object.entries(models).flatMap(([model, { skipped, left_out }]) => (skipped + left_out === 0 ? [model] : []))
    : []
