import process from 'node:process'

// Lambda runs nodejs24.x. Another version could behave differently from what is deployed.
const REQUIRED_MAJOR = 24
const installedMajor = Number(process.versions.node.split('.')[0])
if (installedMajor !== REQUIRED_MAJOR) {
  process.stderr.write(
    [
      `Node ${REQUIRED_MAJOR} is required, but Node ${process.versions.node} is running.`,
      `On Linux and Windows, \`npm ci\` installs Node ${REQUIRED_MAJOR} for this project: use \`npm run …\`.`,
      `On macOS, install Node ${REQUIRED_MAJOR} and put it first on your PATH.\n`,
    ].join('\n'),
  )
  process.exit(1)
}
