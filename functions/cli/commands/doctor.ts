import { Option } from 'commander'
import * as z from 'zod'
import { defineCommand } from '../command.ts'
import { apiFindings } from '../doctor/check-api.ts'
import { deploymentFindings } from '../doctor/check-deployment.ts'
import type { Finding } from '../doctor/finding.ts'
import { EXIT } from '../exit-codes.ts'
import type { Output } from '../terminal/output.ts'
import type { TextFormat } from '../terminal/printable.ts'
import { table } from '../terminal/table.ts'

/** `specstar-backup doctor`. */
export const DOCTOR = defineCommand({
  name: 'doctor',
  summary: 'check the settings, credentials, permissions and clocks, and the health of the deployment',
  details:
    'By default, the command checks that it can use the API, and changes nothing. ' +
    'It also reports whether the health of the deployment needs attention (GET /_backup/health). ' +
    'With --deploy, it checks what the first deployment needs, in a clone of the repository or in a CDK app.',
  options: [
    new Option('--deploy', 'check what the first deployment needs instead'),
    new Option('--models <file>', 'the file of the models, for --deploy (default: MODELS_FILE, or that of cdk.json)'),
  ],
  examples: ['doctor', 'doctor --endpoint https://abc123.execute-api.eu-central-1.amazonaws.com', 'doctor --deploy'],
  input: z.strictObject({ deploy: z.boolean().optional(), models: z.string().optional() }),
  run: async (context, { deploy = false, models }) => {
    const findings = deploy ? await deploymentFindings(context, models) : await apiFindings(context)
    const { output } = context
    output.showAll(findings, () =>
      table(
        output,
        [
          { head: 'CHECK', cell: ({ check }) => check },
          { head: 'RESULT', cell: ({ result }) => output.style(FORMATS[result], result) },
          { head: 'DETAILS', cell: ({ details }) => wrapped(output, details) },
        ],
        findings,
        '',
      ),
    )
    return findings.some(({ result }) => result === 'failed') ? EXIT.error : EXIT.succeeded
  },
})

const FORMATS: Readonly<Record<Finding['result'], TextFormat>> = {
  ok: 'green',
  warning: 'yellow',
  failed: 'red',
  skipped: 'yellow',
}

/** The columns before the details. */
const INDENT = 32
const MIN_WIDTH = 40

/** Breaks a text between words, so that it fits into the last column of a terminal. */
const wrapped = ({ columns }: Output, text: string): readonly string[] => {
  if (columns === undefined) return [text]
  const width = Math.max(columns - INDENT, MIN_WIDTH)
  return text.split(' ').reduce<string[]>((lines, word) => {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > width) return [...lines, word]
    return [...lines.slice(0, -1), `${last} ${word}`]
  }, [])
}
