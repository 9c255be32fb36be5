import '../infra/local/check-node.ts'
import { App, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks } from 'cdk-nag'
import process from 'node:process'
import models from '../shared/models.json' with { type: 'json' }
import { loadModels } from '../shared/resources/models.ts'
import { DataStack } from './data-stack.ts'
import { ServiceStack } from './service-stack.ts'
import { readSettings, SettingsError } from './settings.ts'

export const stackNames = (deployment: string): { readonly data: string; readonly service: string } => ({
  data: `${deployment}-data`,
  service: `${deployment}-service`,
})

/** The deployment that an app's context describes: two stacks, named by it. Throws `SettingsError`. */
export const deployment = (app: App): { readonly data: DataStack; readonly service: ServiceStack } => {
  const settings = readSettings(app.node.tryGetContext('specstar'), loadModels(models))
  const names = stackNames(settings.deployment)
  const data = new DataStack(app, names.data, settings)
  const service = new ServiceStack(app, names.service, settings, data)
  return { data, service }
}

const main = (): void => {
  try {
    const app = new App()
    deployment(app)
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
    app.synth()
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}

if (import.meta.main) main()
