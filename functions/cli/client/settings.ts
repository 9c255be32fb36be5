import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import * as z from 'zod'
import { errorMessage } from '../../../shared/values/error-message.ts'
import { UsageError } from '../usage-error.ts'
import { isPrivate } from './private-url.ts'

/** Where the API is, and how requests to it are signed. */
export interface Settings {
  /** The base URL of the API, without a slash at its end. */
  readonly endpoint: string
  /** The region of the signature. It is undefined if it is known from nowhere. */
  readonly region?: string
  /** The profile of `~/.aws/config`. By default, the credential chain of the SDK chooses. */
  readonly profile?: string
  /** The URL of S3, without a path. By default, see `s3EndpointOf`. */
  readonly s3Endpoint?: string
  /** The ports of the stores of the local program, if they are set. */
  readonly localPorts?: Readonly<Partial<Record<StorePort, string>>>
  /** Where each setting comes from, for `doctor`. */
  readonly sources: Readonly<Record<'endpoint' | 'region' | 'profile' | 's3_endpoint', string>>
}

/** The settings that the user has given as options. */
export interface SettingFlags {
  readonly endpoint?: string | undefined
  readonly region?: string | undefined
  readonly profile?: string | undefined
  readonly s3Endpoint?: string | undefined
  /** The path of the settings file. */
  readonly config?: string | undefined
}

type StorePort = 'S3_PORT' | 'DYNAMODB_PORT'
type Environment = Readonly<Record<string, string | undefined>>

/** The address of the local program. */
const LOCAL_ENDPOINT = 'http://127.0.0.1:3000'
/** The default ports of the local program and of its stores. */
const LOCAL_PORTS = { api: '3000', S3_PORT: '9000', DYNAMODB_PORT: '8000' } as const
const NAMES = 'endpoint, region, profile, s3_endpoint'
const text = (name: string) => z.string(`must be a string`).min(1, `must not be empty; remove ${name} instead`)
const SettingsFile = z.strictObject(
  {
    endpoint: z.exactOptional(text('endpoint')),
    region: z.exactOptional(text('region')),
    profile: z.exactOptional(text('profile')),
    s3_endpoint: z.exactOptional(text('s3_endpoint')),
  },
  { error: ({ code }) => (code === 'unrecognized_keys' ? `allowed are: ${NAMES}` : 'must be an object') },
)

/**
 * Returns the settings. Options have precedence over environment variables, and these over the settings file. Throws
 * `UsageError` if a setting is not valid.
 */
export const resolveSettings = (flags: SettingFlags, env: Environment): Settings => {
  const path = settingsPath(flags, env)
  const file = readSettingsFile(path)
  const endpoint = first([
    ['--endpoint', flags.endpoint],
    ['SPECSTAR_BACKUP_ENDPOINT', env['SPECSTAR_BACKUP_ENDPOINT']],
    [path.name, file.endpoint],
  ]) ?? { value: LOCAL_ENDPOINT, source: 'default' }
  const url = parseEndpoint(endpoint.value, endpoint.source)
  const region = first([
    ['--region', flags.region],
    ['SPECSTAR_BACKUP_REGION', env['SPECSTAR_BACKUP_REGION']],
    [path.name, file.region],
    // The region of a request must be that of the API, whatever the default region of the user is.
    ['host name of the endpoint', /\.execute-api\.([a-z0-9-]+)\.amazonaws\.com/.exec(url.hostname)?.[1]],
    ['AWS_REGION', env['AWS_REGION']],
    ['AWS_DEFAULT_REGION', env['AWS_DEFAULT_REGION']],
  ])
  const profile = first([
    ['--profile', flags.profile],
    ['SPECSTAR_BACKUP_PROFILE', env['SPECSTAR_BACKUP_PROFILE']],
    ['AWS_PROFILE', env['AWS_PROFILE']],
    [path.name, file.profile],
  ])
  const s3Endpoint = first([
    ['--s3-endpoint', flags.s3Endpoint],
    ['SPECSTAR_BACKUP_S3_ENDPOINT', env['SPECSTAR_BACKUP_S3_ENDPOINT']],
    [path.name, file.s3_endpoint],
    ['AWS_ENDPOINT_URL_S3', env['AWS_ENDPOINT_URL_S3']],
  ])
  const localPorts = Object.fromEntries(
    (['S3_PORT', 'DYNAMODB_PORT'] as const).flatMap((name) => {
      const port = nonEmpty(env[name])
      return port === undefined ? [] : [[name, port]]
    }),
  )
  return {
    endpoint: url.href.replace(/\/$/, ''),
    ...(region === undefined ? {} : { region: region.value }),
    ...(profile === undefined ? {} : { profile: profile.value }),
    ...(s3Endpoint === undefined ? {} : { s3Endpoint: parseStoreEndpoint(s3Endpoint.value, s3Endpoint.source) }),
    ...(Object.keys(localPorts).length === 0 ? {} : { localPorts }),
    sources: {
      endpoint: endpoint.source,
      region: region?.source ?? 'not set',
      profile: profile?.source ?? 'not set',
      s3_endpoint: s3Endpoint?.source ?? 'not set',
    },
  }
}

/** The setting of the address of a store, for messages. */
const STORE_OPTIONS = { S3_PORT: '--s3-endpoint', DYNAMODB_PORT: '--dynamodb-endpoint' } as const

/**
 * Returns the address of a store of the local program. Its port is the environment variable that also sets it for the
 * program. Throws `UsageError` if the port is unknown: the store at the default port could be that of another program.
 */
export const localStore = (
  { endpoint, localPorts = {} }: Pick<Settings, 'endpoint' | 'localPorts'>,
  variable: StorePort,
): string => {
  const port = localPorts[variable]
  if (port !== undefined) {
    if (!/^[1-9]\d{0,4}$/.test(port) || Number(port) > 65_535)
      throw new UsageError(`${variable}: ${JSON.stringify(port)} must be a port from 1 to 65535`)
    return `http://127.0.0.1:${port}`
  }
  if (new URL(endpoint).port !== LOCAL_PORTS.api)
    throw new UsageError(
      `${STORE_OPTIONS[variable]}: must be set, or ${variable} must have the value with which the local program at ` +
        `${endpoint} was started, because it does not use its default ports`,
    )
  return `http://127.0.0.1:${LOCAL_PORTS[variable]}`
}

interface SettingsPath {
  readonly name: string
  /** The user has named the file, so it must exist. */
  readonly isRequired: boolean
}

const settingsPath = ({ config }: SettingFlags, env: Environment): SettingsPath => {
  const named = config ?? nonEmpty(env['SPECSTAR_BACKUP_CONFIG'])
  if (named !== undefined) return { name: named, isRequired: true }
  const folder = nonEmpty(env['XDG_CONFIG_HOME']) ?? join(nonEmpty(env['HOME']) ?? homedir(), '.config')
  return { name: join(folder, 'specstar-backup.json'), isRequired: false }
}

const readSettingsFile = ({ name, isRequired }: SettingsPath): z.output<typeof SettingsFile> => {
  const content = readFile(name, isRequired)
  if (content === undefined) return {}
  let value: unknown
  try {
    value = JSON.parse(content)
  } catch (error) {
    throw new UsageError(`${name}: the settings file is not JSON: ${errorMessage(error)}`, { cause: error })
  }
  const { data, error } = SettingsFile.safeParse(value)
  if (data !== undefined) return data
  const faults = error.issues.map((issue) =>
    [issue.code === 'unrecognized_keys' ? issue.keys.join(', ') : issue.path.join('.'), issue.message]
      .filter((part) => part !== '')
      .join(': '),
  )
  throw new UsageError(`${name}: the settings file is not valid: ${faults.join('; ')}`)
}

const readFile = (path: string, isRequired: boolean): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (isAbsent && !isRequired) return undefined
    throw new UsageError(`${path}: the settings file cannot be read: ${errorMessage(error)}`, { cause: error })
  }
}

const parseEndpoint = (value: string, source: string): URL => {
  const url = parseUrl(value, source, API_URL)
  if (url.search !== '' || url.hash !== '')
    throw new UsageError(`${source}: must not have a query or a fragment; ${API_URL}`)
  return url
}

/**
 * Returns the URL of DynamoDB, or undefined if the user has not set it. The option has precedence over the environment.
 * Throws `UsageError` if the URL is not valid, or if it would send data without encryption.
 */
export const dynamodbEndpointOf = (flag: string | undefined, env: Environment): string | undefined => {
  const set = first([
    ['--dynamodb-endpoint', flag],
    ['AWS_ENDPOINT_URL_DYNAMODB', env['AWS_ENDPOINT_URL_DYNAMODB']],
  ])
  return set === undefined ? undefined : parseStoreEndpoint(set.value, set.source)
}

/** Parses the URL of S3 or DynamoDB. */
const parseStoreEndpoint = (value: string, source: string): string => {
  const { origin, pathname, search, hash } = parseUrl(value, source, 'omit it to use the service of the region')
  if (pathname !== '/' || search !== '' || hash !== '')
    throw new UsageError(`${source}: must be a URL without a path, a query and a fragment, such as ${origin}`)
  return origin
}

const API_URL = `the URL of the API is the stack output ApiUrl, or ${LOCAL_ENDPOINT} for the local program`

/** `advice` says where the user finds the URL. */
const parseUrl = (value: string, source: string, advice: string): URL => {
  const url = URL.canParse(value) ? new URL(value) : undefined
  // A URL with a password is not repeated in the message.
  if (url !== undefined && (url.username !== '' || url.password !== ''))
    throw new UsageError(`${source}: the URL must not contain a user or a password; credentials come from AWS`)
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw new UsageError(
      `${source}: ${JSON.stringify(value)} is not a URL that begins with http:// or https://; ${advice}`,
    )
  if (!isPrivate(url))
    throw new UsageError(
      `${source}: ${JSON.stringify(value)} would send credentials and data without encryption; use https://`,
    )
  return url
}

/** Returns the first value that is set, and its source. */
const first = (
  candidates: readonly (readonly [string, string | undefined])[],
): { readonly value: string; readonly source: string } | undefined => {
  for (const [source, value] of candidates) if (nonEmpty(value) !== undefined) return { value: value ?? '', source }
  return undefined
}

const nonEmpty = (value: string | undefined): string | undefined => (value === '' ? undefined : value)
