import '../functions/cli/check-node.ts'
import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import process from 'node:process'
import * as z from 'zod'
import { runInfraCommand } from './app.ts'
import { accountStores, cloudFormationStack, NotRemovableError, removeFailedCreation } from './failed-creation.ts'
import { readModels } from './input-files.ts'
import { modelsFile } from './models-file.ts'
import { stackNames } from './names.ts'
import { readSettings, type Settings } from './settings.ts'

const CdkJson = z.object({ context: z.object({ specstar: z.unknown(), models: z.unknown().optional() }) })

/**
 * Returns the message of `npm run destroy`: what the command removes, and what it keeps. Stores that the setting
 * `existing` names are not part of the deployment.
 */
export const destroyNotice = ({
  deployment,
  encryption,
  existing,
}: Pick<Settings, 'deployment' | 'encryption' | 'existing'>): string => {
  const names = stackNames(deployment)
  const ownKey = encryption === 'kms' && existing.key_arn === undefined
  const tables = [...(existing.resource_table === undefined ? ['resources'] : []), 'jobs']
  const buckets = [
    ...(existing.blob_bucket === undefined ? ['blobs'] : []),
    'archives',
    ...(existing.restore_bucket === undefined ? ['restores'] : []),
    'work',
  ]
  const list = (purposes: readonly string[], end = ''): string =>
    purposes.map((purpose) => `${deployment}-${purpose}${end}`).join(', ')
  return `This command removes the stack ${names.service}: functions, workflows, API, rules, schedules, alarms and logs.
The command keeps the stack ${names.data} with all data:
  tables:  ${list(tables)} (with deletion protection and point-in-time recovery)
  buckets: ${list(buckets, '-…')}
${ownKey ? '  key:     the KMS key that encrypts them\n' : ''}A later deployment with the same name uses this data again.
To delete the data as well, see "Removing it" in infra/RUNBOOK.md.
`
}

const FAILED_CREATION = '--failed-creation'

const HELP = ['--help', '-h']
const USAGE = `usage: npm run destroy [-- OPTIONS]

Removes the service stack of the deployment, and keeps the stack with all data.

  ${FAILED_CREATION}   after a failed first deployment, deletes the empty tables and buckets that it has left behind,
                      and the stack that contained them; deletes nothing if one of them contains data
  --help, -h          prints this text

All other options are options of cdk destroy, such as --force, which asks for no confirmation.
`

/**
 * Throws `NotRemovableError` if `--failed-creation` is misspelled or has further arguments. CDK ignores such options.
 */
const checkArguments = (given: readonly string[]): void => {
  const wrong = given.some((argument) => argument.startsWith('--failed'))
    ? given.filter((argument) => argument !== FAILED_CREATION)
    : []
  if (wrong.length > 0)
    throw new NotRemovableError(
      `unknown arguments: ${wrong.join(' ')}. Nothing was deleted. ` +
        `To clean up after a failed first deployment, run: npm run destroy -- ${FAILED_CREATION}`,
    )
}

/** Deletes the empty stores that a failed first creation of the data stack has left behind, and prints them. */
const removeAfterFailure = async ({ deployment, existing }: Settings): Promise<void> => {
  const { data } = stackNames(deployment)
  const removed = await removeFailedCreation(data, cloudFormationStack(data), accountStores(), existing).catch(
    (error: unknown) => {
      if (error instanceof NotRemovableError || !(error instanceof Error)) throw error
      throw new NotRemovableError(
        `the clean-up of the stack ${data} has stopped: ${error.name}: ${error.message}. ` +
          'Check the credentials and the region (AWS_REGION), and run the command again.',
        { cause: error },
      )
    },
  )
  for (const { kind, id } of removed) process.stdout.write(`removed the ${kind} ${id}\n`)
  process.stdout.write(`removed the stack ${data}\n`)
}

/**
 * Runs `npm run destroy`: prints the message and runs `cdk destroy`, which asks for confirmation. With
 * `--failed-creation`, cleans up after a failed first creation of the data stack instead.
 */
const main = async (): Promise<void> => {
  const given = process.argv.slice(2)
  if (given.some((argument) => HELP.includes(argument))) {
    process.stdout.write(USAGE)
    return
  }
  checkArguments(given)
  const { context } = CdkJson.parse(JSON.parse(await readFile(new URL('../cdk.json', import.meta.url), 'utf8')))
  const settings = readSettings(context.specstar, readModels(modelsFile(context.models)).registry)
  if (given.includes(FAILED_CREATION)) {
    await removeAfterFailure(settings)
    return
  }
  process.stdout.write(destroyNotice(settings))
  const { status } = spawnSync('cdk', ['destroy', stackNames(settings.deployment).service, ...given], {
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
}

if (import.meta.main)
  await runInfraCommand(main).catch((error: unknown) => {
    if (!(error instanceof NotRemovableError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  })
