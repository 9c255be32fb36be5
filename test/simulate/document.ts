import prettyBytes from 'pretty-bytes'
import { exportWorkflow } from '../../functions/workflows/export.workflow.ts'
import { restoreWorkflow } from '../../functions/workflows/restore.workflow.ts'
import type { Definition } from '../../functions/workflows/states.ts'
import { markdownTable } from '../markdown-table.ts'
import { ASSUMPTIONS } from './assumptions.ts'
import { brokenCeilings, CEILINGS } from './ceilings.ts'
import type { Scenario } from './scenario.ts'
import type { Figures, JobFigures } from './simulate.ts'

/** Returns `infra/SCALE.md`. */
export const scaleDocument = (sizes: readonly Figures[], largeBlobs: readonly Figures[]): string => `# Scale

\`npm run simulate\` writes this document. It simulates exports, and restores into an empty table:

- It runs the planners and the workflow definitions of this project on a virtual clock.
- It does not run the workers. It calculates the time and the read and write units that they need.
- It stores no data. The simulated services only count requests and bytes.
- No figure was measured on AWS. [Assumptions](#assumptions) lists what the figures depend on.

\`test/simulate/ceilings.test.ts\` checks the limits below as part of \`npm test\`.

## Time and cost

_Functions_ is the account's limit of concurrent Lambda executions.
With 10,000 functions, the setting \`max_concurrency\` is 1,000. In the other rows, it has its default of 64.

${markdownTable(
  ['resources', 'functions', 'archive', 'export', 'cost', 'restore', 'cost'],
  sizes.map(({ scenario, archive, export: exported, restore }) => [
    ...nameOf(scenario),
    archive === undefined ? '–' : prettyBytes(archive.object.size),
    duration(exported),
    dollars(exported),
    duration(restore),
    dollars(restore),
  ]),
)}

\\* The job fails, see [Limits](#limits). The times and costs are those until it fails.

What limits the speed of a large job:

- An export reads as fast as the quota of the table allows, which is 40,000 units per second by default.
- A restore writes as fast as the table allows. The throughput of a new table grows with its use.
  To begin with more, set [warm throughput](RUNBOOK.md#speeding-up-a-large-restore).
- In an account with a limit of 10 functions, this limit decides.

A higher \`max_concurrency\` does not make a large job faster, because the table limits it. The job costs more:
more workers wait for the table at the same time, and Lambda charges for this time.
Workers that wait read less in each pass, so they write more and smaller segments.

## Limits

Each row contains the largest numbers of an export and a restore:

- _segments_: the intermediate files of the export.
- _parts_: the parts of the upload that creates the archive. If there are too many, segments are joined first.
- _map items_: the shares into which a stage divides its work. The number is that of the stage with the most of them.
  If a job fails, its later stages are missing.
- _state_: the data between two stages of a workflow.
- _events_: the entries in the history of one execution.
- _longest function_: the longest call of a function.

${markdownTable(
  ['resources', 'functions', 'segments', 'parts', 'map items', 'state', 'events', 'longest function'],
  sizes.map((figures) => [...nameOf(figures.scenario), ...limitsOf(figures)]),
)}

These numbers are allowed:

- ${whole(CEILINGS.parts)} parts of an upload, ${whole(CEILINGS.events)} events of an execution
  and 900 seconds of a function: limits of AWS.
- ${whole(CEILINGS.mapItems)} items of a map and 64 KiB of state between two stages: limits of the project.
  AWS runs at most 10,000 items of a map at the same time, and accepts a state of 256 KiB.
- ${hours(exportWorkflow)} hours of an export and ${hours(restoreWorkflow)} hours of a restore: time limits of the workflows.

Exports and restores of up to 250 million resources stay within all limits in each of these accounts.

In an account with a limit of 10 functions, a restore writes 8 to 9 million resources an hour,
because each worker writes to one partition of DynamoDB at a time.
Before you restore more than 800 million resources in such an account, request a higher limit,
or divide the restore by model: each restore can have its own models.
If a restore with \`skip\` has exceeded its time limit, it can be
[started again](../functions/API.md#what-a-restore-guarantees), and skips what it has already restored.

${broken([...sizes, ...largeBlobs])}

## Calls and units

_Calls_ is the number of function calls in the job.
_Throttled_ is the number of starts that Lambda rejected. The workflow repeats them.
_Demand_ shows how much the workers request from the busiest partition of DynamoDB:
at 3 ×, they request three times as much as the partition accepts.
Their calls wait until they are accepted.
A restore reads hardly anything from an empty table before \`verify\`.
If it fails before this stage, its read units are therefore almost 0.

${markdownTable(
  ['resources', 'functions', 'job', 'calls', 'throttled', 'read units', 'write units', 'demand'],
  sizes.flatMap(({ scenario, export: exported, restore }) =>
    [['export', exported] as const, ['restore', restore] as const].flatMap(([job, figures]) =>
      figures === undefined
        ? []
        : [
            [
              ...nameOf(scenario),
              job,
              whole(figures.runs),
              whole(figures.throttledStarts),
              millions(figures.readUnits),
              millions(figures.writeUnits),
              `${figures.hottestPartition.toFixed(1)} ×`,
            ],
          ],
    ),
  ),
)}

## Large blobs

These are the times for a store of 1 million resources and one large blob, with 1,000 functions.
S3 has not stored a SHA-256 of the blob, so an export reads and hashes its bytes.
A restore reads and hashes the bytes in the archive.
S3 computes the checksums of the restored blob, so the verification does not read it.
A pass can stop inside a large blob, and the next pass continues there.
Only one function at a time hashes the blob, so the time does not depend on the number of functions.
The last row is the largest blob that is allowed.

_Parts_ are those of the archive. _Events_ are those in the history of the child execution with the most of them.

${markdownTable(
  ['blob', 'export', 'restore', 'parts', 'calls of the export', 'events of a map item'],
  largeBlobs.map(({ scenario, archive, export: exported, restore }) => [
    prettyBytes(scenario.largeBlobs[0] ?? 0),
    duration(exported),
    duration(restore),
    whole(archive?.parts ?? 0),
    whole(exported.runs),
    whole(Math.max(exported.childEvents, restore?.childEvents ?? 0)),
  ]),
)}

## Assumptions

${markdownTable(['what', 'value', 'source'], ASSUMPTIONS)}
`

/** Returns the time limit of a workflow. */
const hours = (workflow: (arn: (stage: string) => string) => Definition): number =>
  workflow((stage) => stage).TimeoutSeconds / 3600

const whole = (value: number): string => Math.round(value).toLocaleString('en')
const millions = (value: number): string => `${(value / 1e6).toLocaleString('en', { maximumFractionDigits: 1 })} M`

const nameOf = ({ resources, functions }: Scenario): string[] => [
  resources >= 1e9 ? `${resources / 1e9} billion` : `${resources / 1e6} million`,
  whole(functions),
]

const duration = (job: JobFigures | undefined): string => {
  if (job === undefined) return '–'
  const { seconds, error } = job
  const text = seconds < 3600 ? `${(seconds / 60).toFixed(1)} min` : `${(seconds / 3600).toFixed(1)} h`
  return error === undefined ? text : `${text} \\*`
}

const dollars = (job: JobFigures | undefined): string =>
  job === undefined ? '–' : `$${job.dollars < 10 ? job.dollars.toFixed(2) : whole(job.dollars)}`

const limitsOf = ({ segments, archive, export: exported, restore }: Figures): string[] => {
  const jobs = restore === undefined ? [exported] : [exported, restore]
  const largest = (value: (job: JobFigures) => number): number => Math.max(...jobs.map(value))
  const longest = jobs.map(({ longestFunction }) => longestFunction).sort((a, b) => b.seconds - a.seconds)[0]
  return [
    whole(segments),
    archive === undefined ? '–' : whole(archive.parts),
    whole(largest(({ mapItems }) => mapItems)),
    `${(largest(({ stateBytes }) => stateBytes) / 1024).toFixed(1)} KiB`,
    whole(largest(({ events, childEvents }) => Math.max(events, childEvents))),
    `${longest?.stage ?? ''} ${whole(longest?.seconds ?? 0)} s`,
  ]
}

const broken = (all: readonly Figures[]): string => {
  const lines = all.flatMap((figures) => {
    const { scenario } = figures
    const blob = scenario.largeBlobs.map((size) => `, blob of ${prettyBytes(size)}`).join('')
    return brokenCeilings(figures).map(
      (text) => `- ${nameOf(scenario).join(' resources, ')} functions${blob}: ${sentence(text)}`,
    )
  })
  return lines.length === 0 ? 'No limit is exceeded.' : `These limits are exceeded:\n\n${lines.join('\n')}`
}

/** Describes an exceeded limit without colons, if it is the reason why a job fails. */
const sentence = (text: string): string =>
  text.replace(/^(export|restore): fails with ([\w.]+): /, 'the $1 fails with `$2`,\n  because ')
