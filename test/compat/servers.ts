import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../../infra/local/processes/free-ports.ts'
import { LOCAL_CREDENTIALS } from '../../shared/runtime/local-credentials.ts'
import { dynamoDbLocalFolder, goProgram } from './programs.ts'
import { type RunningServer, startServer } from './start-server.ts'

export const SERVER_NAMES = ['dynamodb-local', 'minio', 'versitygw'] as const
export type ServerName = (typeof SERVER_NAMES)[number]

/**
 * The access key of all servers. The secret is longer than that of the local services, because MinIO requires at least
 * 8 characters.
 */
export const CREDENTIALS = { accessKeyId: LOCAL_CREDENTIALS.accessKeyId, secretAccessKey: 'S3RVERSECRET' }

interface CompatServer {
  readonly title: string
  /** Starts the server on a free port, with its data in memory or in an empty folder. `stop` deletes the data. */
  start(): Promise<RunningServer>
}

/**
 * The memory of DynamoDB Local. Without this limit, it grew to 2.5 GB. `-sharedDb` makes it ignore the access key and
 * the region of a client.
 */
const dynamoDbLocal: CompatServer = {
  title: 'DynamoDB Local',
  async start() {
    const cwd = await dynamoDbLocalFolder()
    const [port = 0] = await freePorts(1)
    const java = ['-Xmx2g', '-Djava.library.path=./DynamoDBLocal_lib', '-jar', 'DynamoDBLocal.jar']
    const args = [...java, '-sharedDb', '-inMemory', '-disableTelemetry', '-port', `${port}`]
    return startServer({ title: 'DynamoDB Local', command: 'java', args, cwd, endpoint: endpointOf(port) })
  },
}

const minio: CompatServer = {
  title: 'MinIO',
  async start() {
    const command = await goProgram('MinIO', 'github.com/minio/minio', 'v0.0.0-20260212201848-7aac2a2c5b7c')
    const { folder, remove } = await dataFolder('minio')
    const [port = 0] = await freePorts(1)
    const server = await startServer({
      title: 'MinIO',
      command,
      args: ['server', '--quiet', '--address', `127.0.0.1:${port}`, folder],
      env: {
        MINIO_ROOT_USER: CREDENTIALS.accessKeyId,
        MINIO_ROOT_PASSWORD: CREDENTIALS.secretAccessKey,
        MINIO_UPDATE: 'off',
        MINIO_BROWSER: 'off',
      },
      endpoint: endpointOf(port),
    })
    return { ...server, stop: () => server.stop().then(remove) }
  },
}

const versitygw: CompatServer = {
  title: 'versitygw',
  async start() {
    const command = await goProgram('versitygw', 'github.com/versity/versitygw/cmd/versitygw', 'v1.8.0')
    const { folder, remove } = await dataFolder('versitygw')
    const [data, versions] = [join(folder, 'data'), join(folder, 'versions')]
    await Promise.all([mkdir(data), mkdir(versions)])
    const [port = 0] = await freePorts(1)
    const server = await startServer({
      title: 'versitygw',
      command,
      args: ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', '--versioning-dir', versions, data],
      env: { ROOT_ACCESS_KEY: CREDENTIALS.accessKeyId, ROOT_SECRET_KEY: CREDENTIALS.secretAccessKey },
      endpoint: endpointOf(port),
    })
    return { ...server, stop: () => server.stop().then(remove) }
  },
}

export const SERVERS: Readonly<Record<ServerName, CompatServer>> = { 'dynamodb-local': dynamoDbLocal, minio, versitygw }

const endpointOf = (port: number): string => `http://127.0.0.1:${port}`

const dataFolder = async (name: string): Promise<{ readonly folder: string; readonly remove: () => Promise<void> }> => {
  const folder = await mkdtemp(join(tmpdir(), `compat-${name}-`))
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) }
}
