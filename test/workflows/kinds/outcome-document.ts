import type { TargetOutcomes } from './broken-targets.ts'
import type { Outcomes } from './outcome.ts'

/** Kinds with their outcomes. */
type Rows = readonly (readonly [what: string, outcomes: Outcomes])[]

const COLUMNS: readonly (readonly [title: string, member: keyof Outcomes])[] = [
  ['strict export', 'strictExport'],
  ['lenient export', 'lenientExport'],
  ['dry run', 'dryRun'],
  ['strict restore', 'restore'],
  ['lenient restore', 'lenientRestore'],
  ['verification', 'verification'],
]

/** Returns a Markdown table with aligned columns, as Prettier formats it. */
const table = (rows: readonly (readonly string[])[]): string[] => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`)
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [...lines.slice(0, 1), rule, ...lines.slice(1)]
}

const outcomeTable = (what: string, rows: Rows): string =>
  table([
    [what, ...COLUMNS.map(([title]) => title)],
    ...rows.map(([kind, outcomes]) => [kind, ...COLUMNS.map(([, member]) => outcomes[member])]),
  ]).join('\n')

const TARGET_COLUMNS: readonly (readonly [title: string, member: keyof TargetOutcomes])[] = [
  ['dry run', 'dryRun'],
  ['overwrite', 'overwrite'],
  ['skip', 'skip'],
  ['raise_error', 'raise_error'],
]

type TargetRows = readonly (readonly [what: string, outcomes: TargetOutcomes])[]

/** Returns the table of the outcomes of restores into targets that contain something. */
const targetTable = (rows: TargetRows): string =>
  table([
    ['the target contains', ...TARGET_COLUMNS.map(([title]) => title)],
    ...rows.map(([what, outcomes]) => [what, ...TARGET_COLUMNS.map(([, member]) => outcomes[member])]),
  ]).join('\n')

/** Returns the document of all outcomes in Markdown. */
export const outcomeDocument = ({
  stores,
  archives,
  streams,
  targets,
}: {
  readonly stores: Rows
  readonly archives: Rows
  readonly streams: Rows
  readonly targets: TargetRows
}): string =>
  `# Outcomes of broken stores and archives

This document states what exports and restores do with ${stores.length + archives.length + streams.length + targets.length} kinds of faults.
The test \`test/workflows/outcomes.test.ts\` runs every kind and compares the outcomes with this document.
After an intended change, write the document again:

\`\`\`sh
npm run test:outcomes -- -u
\`\`\`

The columns:

- **strict export**, **lenient export**: an export of all models with \`strict=true\` or \`strict=false\`.
  The store contains other resources without faults.
- **dry run**, **strict restore**: a dry run and a restore with \`strict=true\`, into an empty store.
  For a broken store, they use the archive of the lenient export.
- **lenient restore**: a restore with \`strict=false\`.
- **verification**: the verification of both restores.
  It is "passed" if all checks passed and at least one resource or blob was checked.

The cells:

- A number and a name, such as \`409 unrestorable-resources\`: the job fails with this problem.
  A restore that fails has written nothing.
- \`succeeded\` or \`partial\`: the status of the job.
  The numbers after it count resources that are left out ("left out"), missing blobs ("missing"),
  items that belong to no resource ("unaccounted"), and ids that are not found ("not found").
- \`–\`: there is no such job, or it had nothing to verify.

For every kind, the test also expects that no verification fails,
and that the dry run lists the same resources, blobs and ids as the restore, or fails with the same problem.

## Broken stores

${outcomeTable('the store contains', stores)}

## Broken archives

${outcomeTable('the file is or contains', archives)}

## Broken streams of SpecStar

${outcomeTable('the stream is or contains', streams)}

## Targets that are not empty

The archive contains one resource without faults.
It is restored with \`strict=true\` and each strategy.
The dry run is one with \`overwrite\`; a dry run with \`raise_error\` fails if and only if the restore fails.
The numbers count resources: those that are restored ("loaded") or not changed ("skipped"),
and in a dry run those that are not in the target ("new"), are different ("changed"), are equal ("same"),
or are only in the target ("target only").

${targetTable(targets)}
`
