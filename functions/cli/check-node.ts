import process from 'node:process'

// On AWS, Lambda uses the runtime nodejs24.x. Another version of Node could behave differently.
const REQUIRED_MAJOR = 24
const installedMajor = Number(process.versions.node.split('.')[0])
if (installedMajor !== REQUIRED_MAJOR) {
  process.stderr.write(
    [
      `Node ${REQUIRED_MAJOR} is required, but Node ${process.versions.node} is running.`,
      `On Linux (x64 or arm64), \`npm ci\` installs Node ${REQUIRED_MAJOR} for this project: use \`npm run …\`.`,
      'Other systems are not supported.\n',
    ].join('\n'),
  )
  process.exit(1)
}
