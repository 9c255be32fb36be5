import type { VNode } from 'preact'
import type { Job, Result } from '../../api/schemas.ts'
import { plural } from '../../model/format.ts'
import { isEmpty, planOf } from '../../model/differences.ts'
import { Findings } from '../../parts/checks.tsx'
import { Differences } from '../../parts/differences.tsx'
import { Exceptions } from '../../parts/exceptions.tsx'
import { ModelTable } from '../../parts/model-table.tsx'
import { Section } from '../../parts/section.tsx'

const COLUMNS = [
  ['new', 'Only in the archive'],
  ['changed', 'Different'],
  ['same', 'Equal'],
  ['target_only', 'Only in the store'],
] as const

/** The differences between an archive and the store. */
export const DryRunResult = ({ job, result }: { readonly job: Job; readonly result: Result }): VNode => {
  const { models = {}, blobs = {}, findings = [] } = result
  const plan = planOf(result, 'overwrite')
  const ofBlobs = findings.filter(({ resource_id = '' }) => resource_id === '')
  const ofResources = findings.filter((finding) => !ofBlobs.includes(finding))
  const changed = Object.values(models).some((counts) => (counts['changed'] ?? 0) > 0)
  return (
    <Section title="Differences between the archive and the store">
      {isEmpty(plan) && plan.targetOnly === 0 && (
        <p class="notice good">
          <span class="sign" aria-hidden="true">
            ✓
          </span>
          The store and the archive are equal.
        </p>
      )}
      <ModelTable models={models} columns={COLUMNS} label="Differences by model" />
      <p class="muted">
        Blobs: {plural(blobs['new'] ?? 0, 'new blob')}, {blobs['changed'] ?? 0} different, {blobs['same'] ?? 0} equal.
      </p>
      <Exceptions result={result} />
      {changed && <Differences jobId={job.job_id} group="changed" title="Different resources" fallback={ofResources} />}
      {ofBlobs.length > 0 && (
        <>
          <h3>Different blobs</h3>
          <Findings
            findings={ofBlobs}
            total={Math.max(ofBlobs.length, blobs['changed'] ?? 0)}
            label="Different blobs"
          />
        </>
      )}
      {plan.create > 0 && <Differences jobId={job.job_id} group="new" title="Only in the archive" />}
      {plan.targetOnly > 0 && <Differences jobId={job.job_id} group="target_only" title="Only in the store" />}
    </Section>
  )
}
