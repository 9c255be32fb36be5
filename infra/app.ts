import '../functions/cli/check-node.ts'
import { App, type Environment, Stack, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks } from 'cdk-nag'
import process from 'node:process'
import { ModelsInvalidError } from '../shared/resources/errors.ts'
import { writeSourceBundle } from './build/source-bundles.ts'
import { readModels } from './input-files.ts'
import { modelsFile } from './models-file.ts'
import { stackNames } from './names.ts'
import { assertSettings, SettingsError } from './settings.ts'
import { SpecStarBackup } from './spec-star-backup.ts'

/**
 * Returns the account and the region of the current AWS credentials. Without credentials, returns an empty environment.
 * The templates can then be deployed in any account and region.
 */
const currentEnvironment = (): Environment => {
  const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region } = process.env
  return account === undefined || region === undefined ? {} : { account, region }
}

/**
 * Creates the two stacks of a deployment from the settings in the context `specstar` of the app. Data and service are
 * in separate stacks, so that the service stack can be deleted. Throws `SettingsError` if the settings are not valid.
 */
export const createStacks = (
  app: App,
  env = currentEnvironment(),
): { readonly data: Stack; readonly service: Stack } => {
  const models = modelsFile(app.node.tryGetContext('models'))
  const settings: unknown = app.node.tryGetContext('specstar')
  assertSettings(settings, readModels(models).registry)
  const names = stackNames(settings.deployment)
  const data = new Stack(app, names.data, { env, terminationProtection: true })
  const service = new Stack(app, names.service, { env })
  // CDK omits the id `Default` from logical ids, so they are the same as those of earlier versions.
  new SpecStarBackup(service, 'Default', { models, settings, storesScope: data, writeBundle: writeSourceBundle })
  return { data, service }
}

/**
 * Runs a command. For errors in the settings or in the models, prints the message without a stack trace and sets the
 * exit code to 1.
 */
export const runInfraCommand = async (command: () => void | Promise<void>): Promise<void> => {
  try {
    await command()
  } catch (error) {
    if (!(error instanceof SettingsError || error instanceof ModelsInvalidError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}

const synthesize = (): void => {
  const app = new App()
  createStacks(app)
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
  app.synth()
}

if (import.meta.main) await runInfraCommand(synthesize)
