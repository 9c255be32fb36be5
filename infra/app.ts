import '../functions/cli/check-node.ts'
import { App, type Environment, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks } from 'cdk-nag'
import process from 'node:process'
import models from '../shared/models.json' with { type: 'json' }
import { ModelsInvalidError } from '../shared/resources/errors.ts'
import { loadModels } from '../shared/resources/models.ts'
import { DataStack } from './data-stack.ts'
import { stackNames } from './names.ts'
import { ServiceStack } from './service-stack.ts'
import { readSettings, SettingsError } from './settings.ts'

/**
 * Returns the account and the region of the current AWS credentials. Without credentials, returns an empty environment.
 * The templates can then be deployed in any account and region.
 */
const currentEnvironment = (): Environment => {
  const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region } = process.env
  return account === undefined || region === undefined ? {} : { account, region }
}

/**
 * Creates the two stacks of a deployment from the settings in the context `specstar` of the app. Throws `SettingsError`
 * if the settings are not valid.
 */
export const createStacks = (
  app: App,
  env = currentEnvironment(),
): { readonly data: DataStack; readonly service: ServiceStack } => {
  const settings = readSettings(app.node.tryGetContext('specstar'), loadModels(models))
  if (settings.encryption === 'kms' && env.region === undefined)
    throw new SettingsError([
      'encryption: "kms" requires an account and a region; run the command with AWS credentials of the account',
    ])
  const names = stackNames(settings.deployment)
  const data = new DataStack(app, names.data, settings, { env })
  const service = new ServiceStack(app, names.service, settings, data, { env })
  return { data, service }
}

/**
 * Runs a command. For errors in the settings or in `models.json`, prints the message without a stack trace and sets the
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
