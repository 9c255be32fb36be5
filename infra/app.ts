import '../functions/cli/check-node.ts'
import { App, type Environment, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks } from 'cdk-nag'
import process from 'node:process'
import models from '../shared/models.json' with { type: 'json' }
import { loadModels } from '../shared/resources/models.ts'
import { ModelsInvalidError } from '../shared/resources/errors.ts'
import { DataStack } from './data-stack.ts'
import { ServiceStack } from './service-stack.ts'
import { readSettings, SettingsError } from './settings.ts'

export const stackNames = (deployment: string): { readonly data: string; readonly service: string } => ({
  data: `${deployment}-data`,
  service: `${deployment}-service`,
})

/** The account and region of the credentials that the CDK found; without them a template is good for any. */
const environment = (): Environment => {
  const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region } = process.env
  return account === undefined || region === undefined ? {} : { account, region }
}

/** The deployment that an app's context describes: two stacks, named by it. Throws `SettingsError`. */
export const deployment = (
  app: App,
  env = environment(),
): { readonly data: DataStack; readonly service: ServiceStack } => {
  const settings = readSettings(app.node.tryGetContext('specstar'), loadModels(models))
  if (settings.encryption === 'kms' && env.region === undefined)
    throw new SettingsError([
      'encryption: "kms" needs an account and a region: synthesize with credentials of the account',
    ])
  const names = stackNames(settings.deployment)
  const data = new DataStack(app, names.data, settings, { env })
  const service = new ServiceStack(app, names.service, settings, data, { env })
  return { data, service }
}

/** Runs a command; what is wrong with settings or models is told in lines, without a trace. */
export const withoutTrace = async (command: () => void | Promise<void>): Promise<void> => {
  try {
    await command()
  } catch (error) {
    if (!(error instanceof SettingsError || error instanceof ModelsInvalidError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}

const main = (): void => {
  const app = new App()
  deployment(app)
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
  app.synth()
}

if (import.meta.main) await withoutTrace(main)
