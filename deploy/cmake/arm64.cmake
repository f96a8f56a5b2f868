# Toolchain file: arm64 by Debian's cross compiler, with the libraries of
# `deploy/deps.sh --arch arm64`.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
