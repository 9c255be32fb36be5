import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import process from 'node:process'
import * as z from 'zod'
import { parseModels } from '../../../shared/resources/models.ts'
import { errorMessage } from '../../../shared/values/error-message.ts'
import { bootstrapVersion } from '../client/bootstrap-version.ts'
import type { Settings } from '../client/settings.ts'
import type { CommandContext } from '../command.ts'
import { credentialsFinding } from './credentials-finding.ts'
import { failed, type Finding, ok, skipped, warning } from './finding.ts'

const CDK_JSON = 'cdk.json'
const CdkJson = z.looseObject({
  context: z.looseObject({ models: z.exactOptional(z.string()), specstar: z.exactOptional(z.unknown()) }),
})

/** Checks what the first deployment needs: Node.js, the models, the settings, credentials and the bootstrap of CDK. */
export const deploymentFindings = async (
  { settings, io }: CommandContext,
  models: string | undefined,
): Promise<Finding[]> => {
  const cdk = await readCdkJson()
  return [
    nodeFinding(process.versions.node),
    await modelsFinding(models ?? nonEmpty(io.env['MODELS_FILE']) ?? cdk?.context.models),
    settingsFinding(cdk?.context.specstar),
    ...(await accountFindings(settings())),
  ]
}

const REQUIRED_NODE = 24

export const nodeFinding = (version: string): Finding =>
  Number(version.split('.')[0]) >= REQUIRED_NODE
    ? ok('node', `Node.js ${version}`)
    : warning(
        'node',
        `Node.js ${version}: a clone of the repository needs Node.js ${REQUIRED_NODE} (npm ci installs it)`,
      )

const readCdkJson = async (): Promise<z.output<typeof CdkJson> | undefined> => {
  try {
    return CdkJson.parse(JSON.parse(await readFile(CDK_JSON, 'utf8')))
  } catch {
    return undefined
  }
}

const nonEmpty = (value: string | undefined): string | undefined => (value === '' ? undefined : value)

const modelsFinding = async (file: string | undefined): Promise<Finding> => {
  if (file === undefined)
    return warning(
      'models',
      `neither MODELS_FILE nor ${CDK_JSON} names a file of models here, so the sample models would be deployed; ` +
        'set MODELS_FILE, or check a file with --models FILE',
    )
  try {
    const { names } = parseModels(await readFile(resolve(dirname(CDK_JSON), file), 'utf8'), file)
    return ok('models', `${file}: ${names.join(', ')}`)
  } catch (error) {
    return failed('models', `${errorMessage(error)}; specstar-backup models propose derives a file from an archive`)
  }
}

const settingsFinding = (settings: unknown): Finding => {
  const { success, data } = z.looseObject({ deployment: z.string() }).safeParse(settings)
  return success
    ? ok('settings', `${CDK_JSON}: deployment ${data.deployment}; npm run synth checks all settings`)
    : warning(
        'settings',
        `${CDK_JSON} has no settings (context.specstar.deployment) here; in a CDK app of your own, cdk synth checks them`,
      )
}

/** The bootstrap version that CDK requires for assets in files. */
const MIN_BOOTSTRAP = 6

const accountFindings = async (settings: Settings): Promise<Finding[]> => {
  const credentials = await credentialsFinding(settings)
  const { region, sources } = settings
  if (region === undefined)
    return [
      failed('region', 'is not set; set --region or AWS_REGION to the region of the deployment'),
      credentials,
      skipped('bootstrap', 'needs a region'),
    ]
  return [
    ok('region', `${region} (${sources.region})`),
    credentials,
    credentials.result === 'failed'
      ? skipped('bootstrap', 'needs credentials')
      : await bootstrapFinding({ ...settings, region }),
  ]
}

const bootstrapFinding = async (settings: Settings & { readonly region: string }): Promise<Finding> => {
  const advice = `run: npx cdk bootstrap aws://ACCOUNT/${settings.region}`
  try {
    const version = await bootstrapVersion(settings)
    if (version === undefined) return failed('bootstrap', advice)
    return version >= MIN_BOOTSTRAP
      ? ok('bootstrap', `version ${version}`)
      : failed('bootstrap', `version ${version} is too old; ${advice}`)
  } catch (error) {
    return failed('bootstrap', `cannot be read: ${errorMessage(error)}; allow cloudformation:DescribeStacks`)
  }
}
