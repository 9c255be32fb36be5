import '../../../functions/cli/check-node.ts'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { runCommand } from '../../../functions/cli/run-command.ts'
import { type DemoProgram, startDemoProgram } from '../demo/demo-program.ts'
import { seedStore } from '../seed/seed-store.ts'
import { openLocalStores } from '../stores/local-stores.ts'
import { wipe } from '../stores/wipe-store.ts'
import { SECTIONS } from './sections.ts'
import { type LineOutput, Shell } from './shell.ts'

const OUTPUT = fileURLToPath(new URL('../../../functions/cli/TRANSCRIPT.md', import.meta.url))
const MODELS = fileURLToPath(new URL('../../../shared/models.json', import.meta.url))
const CITIES = 500
const SCHEDULES = [{ name: 'nightly', cron: '0 3 * * ? *', keep_days: 30 }]
/** The ports that `npm start` uses by default. The transcript shows them instead of the random ones. */
const DEFAULT_PORTS = { PORT: '3000', S3_PORT: '9000', DYNAMODB_PORT: '8000' } as const

const HEAD = `# Transcript of the command

\`npm run cli:record\` runs these commands on the local program, and writes this document.
[README.md](README.md) describes the commands.
The output is that of a pipe or a file. On a terminal, it has colours and progress bars.
`

/** Runs all sections and writes their output to `functions/cli/TRANSCRIPT.md`. */
await runCommand('cli:record', async () => {
  process.env['SCHEDULES'] = JSON.stringify(SCHEDULES)
  const folder = await mkdtemp(join(tmpdir(), 'specstar-transcript-'))
  const program = await startDemoProgram(join(folder, 'data'))
  try {
    await writeFile(OUTPUT, withDefaultPorts(await recordSections(program, folder), program))
    console.log(`Wrote the transcript to ${OUTPUT}.`)
  } finally {
    await program.stop()
    await rm(folder, { recursive: true, force: true })
  }
})
process.exit()

async function recordSections(program: DemoProgram, folder: string): Promise<string> {
  const stores = await openLocalStores(program.env)
  await seedStore(stores, () => undefined, CITIES)
  await copyFile(MODELS, join(folder, 'models.json'))
  const shell = await Shell.open(folder, { ...program.env, SPECSTAR_BACKUP_ENDPOINT: program.url })
  let document = HEAD
  for (const { heading, text, lines, needsEmptyStore = false } of SECTIONS) {
    if (needsEmptyStore) await wipe(stores)
    document += `\n## ${heading}\n\n${text}\n`
    for (const line of lines) {
      console.log(`$ ${line.shell}`)
      document += `\n\`\`\`console\n${textOf(shell.expand(line.shell), await shell.run(line))}\n\`\`\`\n`
    }
  }
  return document
}

function textOf(shell: string, { output, exitCode }: LineOutput): string {
  const lines = [`$ ${shell}`, output.trimEnd(), ...(exitCode === 0 ? [] : [`(exit code ${exitCode})`])]
  return lines.filter((part) => part !== '').join('\n')
}

function withDefaultPorts(text: string, { env }: DemoProgram): string {
  let replaced = text
  for (const [name, port] of Object.entries(DEFAULT_PORTS))
    replaced = replaced.replaceAll(`127.0.0.1:${env[name] ?? port}`, `127.0.0.1:${port}`)
  return replaced
}
