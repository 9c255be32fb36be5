import '../functions/cli/check-node.ts'
import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import process from 'node:process'
import { z } from 'zod'
import models from '../shared/models.json' with { type: 'json' }
import { loadModels } from '../shared/resources/models.ts'
import { stackNames, withoutTrace } from './app.ts'
import { readSettings, type Settings } from './settings.ts'

const Cdk = z.object({ context: z.object({ specstar: z.unknown() }) })

/** What stays when the service is destroyed, and how it goes. */
export const retained = (deployment: string, encryption: Settings['encryption']): string =>
  `This removes the stack ${stackNames(deployment).service}: functions, workflows, API, rules, schedules, alarms and logs.
It keeps the stack ${stackNames(deployment).data}, with all data:
  tables    ${deployment}-resources, ${deployment}-jobs (deletion protection, point-in-time recovery)
  buckets   ${deployment}-blobs-…, ${deployment}-archives-…, ${deployment}-restores-…, ${deployment}-work-…
${encryption === 'kms' ? '  the key   under which they are encrypted\n' : ''}Deployed again under the same name, the service finds them. To remove the data too: RUNBOOK.md, "Removing it".
`

/** `npm run destroy`: says what it keeps, then asks as the CDK does. */
const main = async (): Promise<void> => {
  const { context } = Cdk.parse(JSON.parse(await readFile(new URL('../cdk.json', import.meta.url), 'utf8')))
  const { deployment, encryption } = readSettings(context.specstar, loadModels(models))
  process.stdout.write(retained(deployment, encryption))
  const { status } = spawnSync('cdk', ['destroy', stackNames(deployment).service, ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
}

if (import.meta.main) await withoutTrace(main)
