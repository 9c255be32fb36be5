import { describe, expect, it } from 'vitest'
import { checkWorkflow } from '../../../functions/workflows/check.workflow.ts'
import { exportWorkflow } from '../../../functions/workflows/export.workflow.ts'
import { restoreWorkflow } from '../../../functions/workflows/restore.workflow.ts'
import type { Definition } from '../../../functions/workflows/states.ts'
import { LIMITS } from '../../../shared/jobs/limits.ts'
import { MAX_WAIT_MS } from '../../../shared/restore/inspect/wait-for-turn.ts'
import { type WorkflowLoops, worstHistory } from './history-events.ts'

/** The service quota of Step Functions. An execution with more events fails. */
const MAX_EVENTS = 25_000

const PASSES = {
  passSeconds: LIMITS.passMs / 1000,
  // A pass can also end because it has written enough. A map item has about `rangeBytes` of data, so such passes are
  // few.
  shortPasses: 100,
}

/**
 * The states of a stage that merges lists of references in its first round, and reads blobs in its second round. The
 * first round has at least 17 map items (`test/jobs/reference-merge.test.ts`), so it never runs the inline map.
 */
const blobRounds = (stage: string): WorkflowLoops['repeated'] => [
  { states: [`Plan${stage}`, stage, `${stage}Distributed`, 'MoreBlobRounds'], visits: 2 },
  { states: [`${stage}Inline`, `${stage}InlineEnded`], visits: 1 },
]

const EXPORT: WorkflowLoops = {
  ...PASSES,
  // The first round joins segments until at most 1,000 remain, so the second round always composes the archive.
  repeated: [
    ...blobRounds('ExportBlobs'),
    {
      states: [
        'PlanCompose',
        'ComposeParts',
        'ComposePartsInline',
        'ComposePartsInlineEnded',
        'ComposePartsDistributed',
        'MoreRounds',
        'NextRound',
      ],
      visits: 2,
    },
  ],
  passes: ['AccountItems', 'MoreToAccount', 'WaitForMetadata'],
}

const RESTORE: WorkflowLoops = {
  ...PASSES,
  inlineItems: { ConvertInline: 1 },
  // An upload waits for 10 seconds at first, and later for a tenth of the time since its arrival, but at most 5
  // minutes.
  repeated: [
    { states: ['Inspect', 'LeasesTaken', 'WaitForOtherRestores'], visits: 190, seconds: MAX_WAIT_MS / 1000 },
    ...blobRounds('PreflightBlobs'),
  ],
  passes: [],
}

const CHECK: WorkflowLoops = {
  ...PASSES,
  inlineItems: { ConvertInline: 1 },
  repeated: blobRounds('PreflightBlobs'),
  passes: [],
}

describe.each<[string, Definition, WorkflowLoops]>([
  ['an export', exportWorkflow((stage) => stage), EXPORT],
  ['a restore', restoreWorkflow((stage) => stage), RESTORE],
  ['a check', checkWorkflow((stage) => stage), CHECK],
])('the history of %s whose stages are throttled until its time limit', (_kind, definition, loops) => {
  const { job, item } = worstHistory(definition, loops)

  it('fits into the limit of an execution', () => {
    expect(job).toBeLessThan(MAX_EVENTS)
  })

  it('fits into the limit of an execution for each item of a distributed map', () => {
    expect(item).toBeLessThan(MAX_EVENTS)
  })
})
