import { messageAtByte } from '../../../../shared/archive/errors.ts'
import type { Output } from '../../terminal/output.ts'
import { printable } from '../../terminal/printable.ts'
import { type Column, list, table } from '../../terminal/table.ts'
import { bytesText, counted, countText } from '../../terminal/units.ts'
import { completeText, lackingTexts } from '../description-text.ts'
import type { ArchiveVerification, CheckResult } from './verification.ts'

/** The number of findings that are printed. */
const SHOWN_FINDINGS = 20

const PASSED = {
  acbak: 'every byte and every record is sound',
  specstar: 'every record is valid, and every payload and blob matches its hash',
}

/** Returns the result of a verification for people. */
export const verificationText = (output: Output, archive: string, verification: ArchiveVerification): string => {
  return [
    list(output, [['archive', archive], ['size', bytesText(verification.size)], ...contentOf(output, verification)]),
    modelsText(output, verification),
    checksText(output, verification),
    findingsText(output, verification),
    notesOf(verification).join('\n'),
    verification.passed
      ? output.style('green', passedText(verification))
      : output.style('red', failedText(verification)),
  ]
    .filter((text) => text !== '')
    .join('\n\n')
}

const NOT_CHECKED = 'the archive is damaged, so its content could not be checked'
/** Why an archive could not be opened, by the type of the problem. */
const FAULTS: Readonly<Record<string, string>> = {
  'not-an-archive': 'this is not an archive',
  'unsupported-version': 'this release cannot read archives of this version',
  'archive-truncated': 'the archive is truncated, so its content could not be checked',
}

const failedText = ({ fault, checks }: ArchiveVerification): string => {
  if (fault !== undefined) return `Failed: ${FAULTS[fault] ?? NOT_CHECKED}`
  return checks.bytes?.passed === false
    ? 'Failed: the archive is damaged'
    : 'Failed: the archive is not valid, or lacks what it does not list as missing'
}

/** The content of an archive that is not damaged. */
const contentOf = (output: Output, verification: ArchiveVerification): (readonly [string, string])[] => {
  const { blobs, complete, missing_blobs = 0, left_out = 0, checks } = verification
  if (blobs === undefined || checks.bytes?.passed === false) return []
  return [
    ...(complete === undefined
      ? []
      : [['complete', completeText(output, { complete, missing_blobs, left_out })] as const]),
    ['blobs', `${countText(blobs.count)} (${bytesText(blobs.bytes)})`],
  ]
}

/** If the archive is damaged, the counts may be those of the checked part, and the numbers of blobs may be unknown. */
const modelsText = (output: Output, { models, checked_models = {}, blobs }: ArchiveVerification): string => {
  const suffix = models === undefined ? ' CHECKED' : ''
  type Row = readonly [model: string, counts: { resources: number; revisions: number; blobs?: number }]
  const columns: Column<Row>[] = [
    { head: 'MODEL', cell: ([model]) => model },
    { head: `RESOURCES${suffix}`, align: 'right', cell: ([, { resources }]) => countText(resources) },
    { head: `REVISIONS${suffix}`, align: 'right', cell: ([, { revisions }]) => countText(revisions) },
  ]
  if (blobs !== undefined)
    columns.push({ head: 'BLOBS', align: 'right', cell: ([, { blobs: own = 0 }]) => countText(own) })
  return table(output, columns, Object.entries(models ?? checked_models), '')
}

const passedText = ({ format = 'acbak', missing_blobs = 0, left_out = 0 }: ArchiveVerification): string => {
  const lacking = lackingTexts({ missing_blobs, left_out }).join(', ')
  return `Passed: ${PASSED[format]}${lacking === '' ? '' : `. The archive is not complete: ${lacking}`}`
}

const checksText = (output: Output, { checks }: ArchiveVerification): string =>
  table(
    output,
    [
      { head: 'CHECK', cell: ([name]) => name },
      { head: 'RESULT', cell: ([, check]) => resultText(output, check) },
      { head: 'FINDINGS', align: 'right', cell: ([, { findings_total }]) => countText(findings_total) },
    ],
    Object.entries(checks),
    '',
  )

const resultText = (output: Output, { passed, finished, findings_total }: CheckResult): string => {
  if (passed) return 'passed'
  return finished || findings_total > 0 ? output.style('red', 'failed') : output.style('yellow', 'not finished')
}

const findingsText = (output: Output, { findings, checks }: ArchiveVerification): string => {
  if (findings.length === 0) return ''
  const total = Object.values(checks).reduce((sum, { findings_total }) => sum + findings_total, 0)
  const shown = findings.slice(0, SHOWN_FINDINGS)
  return [
    'Findings:',
    ...shown.map(
      ({ check, message, offset }) =>
        `  ${output.style('yellow', check)}  ${printable(messageAtByte(message, offset))}`,
    ),
    ...(total > shown.length ? [`  … and ${countText(total - shown.length)} more; --json lists up to 1,000`] : []),
  ].join('\n')
}

const notesOf = ({ format, proven_manifest, accepted, checks }: ArchiveVerification): readonly string[] => [
  ...(proven_manifest === false
    ? ['The archive was packed again without its trailer, so no checksum covers its manifest.']
    : []),
  ...(format === 'specstar'
    ? ["SpecStar's streams have checksums only of payloads and most blobs, so damage to metadata may not be found."]
    : []),
  ...(accepted.length === 0
    ? []
    : [`${counted(accepted.length, 'irregularity').replace(/ys$/, 'ies')} that a restore accepts; --json lists them.`]),
  ...(checks.bytes?.finished === false
    ? ['The index of a segment is damaged, so the other bytes of this segment were not checked.']
    : []),
  ...(checks.blobs?.finished === false ? ['Because of the damage, some counts and references were not checked.'] : []),
]
