/** The values that differ between builds. */
export interface ControlFacts {
  readonly version: string;
  readonly arch: 'arm64' | 'amd64';
  readonly maintainer: string;
  readonly installedKiB: number;
  /** The packages with the libraries that the compiled files need. */
  readonly libraries: readonly string[];
}

/** The package's control file. */
export function controlFile({ version, arch, maintainer, installedKiB, libraries }: ControlFacts): string {
  const depends = [
    ...libraries,
    // For the service's user and folders; in a container the standalone tools are enough.
    'systemd | systemd-standalone-sysusers | systemd-sysusers',
    'systemd | systemd-standalone-tmpfiles | systemd-tmpfiles',
  ];
  return `Package: scenecast
Version: ${version}
Architecture: ${arch}
Maintainer: ${maintainer}
Installed-Size: ${installedKiB}
Depends: ${depends.join(', ')}
Suggests: mosquitto, mosquitto-clients, ffmpeg
Section: video
Priority: optional
Description: descriptions of what cameras see, over MQTT
 Scenecast shows the frames of cameras to a vision-language model that runs on
 the board's own CPU through llama.cpp, and publishes over MQTT what it says: a
 description, and typed answers to standing questions. Home Assistant finds its
 cameras and questions by itself.
 .
 It reads V4L2 cameras, pictures and motion JPEG over HTTP, picture files, and
 with ffmpeg RTSP and video files. No frame leaves the board. Made for ARM
 boards such as Radxa Orion O6, Rock 5B and Raspberry Pi 5.
 .
 The package brings its own Node.js, llama.cpp and a small demo model, which
 describes drawn scenes of coloured shapes. The service is neither enabled nor
 started before it has been set up.
`;
}
