/** Where provisioning and the package's service have the config: the default of commands that follow the daemon. */
export const serviceConfig = '/etc/scenecast/config.yaml';
